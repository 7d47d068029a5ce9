<?php

declare(strict_types=1);

/**
 * Assigns batches that stand on the standard input, one at a time:
 * `worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE`.
 *
 * A batch is lines of `time  visitor  kind  page  channel  campaign  value`, parted by tabs and
 * ended by an empty line. The answer is a line for each event and each revision, or one line that
 * begins with `error`, and an empty line.
 */

use Sojourn\Answer;
use Sojourn\Client;
use Sojourn\Context;
use Sojourn\Event;
use Sojourn\Exception\InvalidEvent;
use Sojourn\Exception\Refused;
use Sojourn\Exception\SojournException;
use Sojourn\Kind;
use Sojourn\Options;
use Sojourn\Value;
use Sojourn\Wire\Bytes;

require __DIR__ . '/../autoload.php';
require __DIR__ . '/Json.php';

function event(string $line): Event
{
    [$time, $visitor, $kind, $page, $channel, $campaign, $value]
        = array_pad(explode("\t", $line), 7, '');
    return new Event(
        preg_match('/^-?\d{1,18}$/D', $time) === 1 ? (int) $time
            : throw new InvalidEvent("this is no time: $time"),
        Kind::named($kind) ?? throw new InvalidEvent("there is no kind '$kind'"),
        $visitor,
        $page,
        $channel . $campaign === '' ? null
            : new Context(channel: $channel, campaignName: $campaign),
        $value === '' ? 0 : Value::ofText($value),
    );
}

function show(Answer $answer): string
{
    $text = '';
    foreach ($answer as $assignment) {
        $session = $assignment->session;
        $text .= ($session->id ?? '-') . "\t" . ($session->ordinal ?? 0)
            . "\t$assignment->position\t{$assignment->outcomeName()}\n";
    }
    foreach ($answer->revisions as $revision) {
        $number = Bytes::decimal($revision->number);
        $text .= "revision\t$number\t$revision->from\t$revision->into\t{$revision->causeName()}\n";
    }
    return $text;
}

function showError(SojournException $error): string
{
    $name = $error instanceof Refused ? $error->serverCodeName : $error->kind;
    return "error\t$name\t" . strtr($error->getMessage(), "\t\n", '  ') . "\n";
}

if ($argc !== 5) {
    fwrite(STDERR, "usage: worker ENDPOINT[,ENDPOINT...] PROPERTY PRODUCER SEQUENCE\n");
    exit(64);
}
$sequence = Sojourn\Conformance\Json::integer($argv[4]);
try {
    $options = new Options(
        producer: Sojourn\Conformance\Json::integer($argv[3]), firstSequence: $sequence
    );
    $client = Client::connect(explode(',', $argv[1]), $options);
} catch (SojournException $error) {
    echo showError($error), "\n";
    exit(69);
}
$lines = [];
do {
    $line = fgets(STDIN);
    $text = $line === false ? '' : rtrim($line, "\r\n");
    if ($text !== '') {
        $lines[] = $text;
    } elseif ($line !== false || $lines !== []) {
        try {
            // A batch that cannot be sent has its number all the same.
            $client->setNextSequence($sequence++);
            echo show($client->assign(array_map(event(...), $lines), (int) $argv[2])), "\n";
        } catch (SojournException $error) {
            echo showError($error), "\n";
        }
        $lines = [];
    }
} while ($line !== false);
$client->close();
