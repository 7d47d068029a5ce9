<?php

declare(strict_types=1);

/**
 * A server that misbehaves as it is told: `fake_server OPTIONS`, where options are JSON: `acts`,
 * what it does with requests in turn, the last one for ever; `hello`, fields that HELLO tells
 * otherwise; `curve`, its secret key. It prints its endpoint, and when its input ends what it saw,
 * as JSON.
 */

use Sojourn\Conformance\Encoder;
use Sojourn\Conformance\Json;
use Sojourn\Wire\Header;

require __DIR__ . '/../autoload.php';
require __DIR__ . '/../conformance/Json.php';
require __DIR__ . '/../conformance/Encoder.php';

const OTHER_TAG = "\7\7\7\7\7\7\7\7";

function reply(Header $asked, string $operation, array $body, int $flags = 1): string
{
    $header = new Header(
        Json::OPERATIONS[$operation], $asked->correlation, $asked->producer, $asked->sequence, 0,
        $asked->property, OTHER_TAG, $flags,
    );
    return $header->seal(Encoder::encode($operation, true, $body));
}

/** Every event is too late. */
function answer(int $events, array $columns = ['session', 'position', 'outcome']): array
{
    return [
        'clock' => '0', 'sessions' => [], 'revisions' => [],
        'events' => array_fill(
            0, $events, ['session' => null, 'position' => 0, 'outcome' => 'tooLate']
        ),
        'encoding' => ['columns' => array_fill_keys($columns, ['width' => 1])],
    ];
}

function error(string $code, bool $isRetriable = false, int $after = 0, ?int $offset = null): array
{
    return [
        'code' => $code, 'retriable' => $isRetriable, 'retry_after' => $after, 'offset' => $offset,
        'lowest_version' => 1, 'highest_version' => 1, 'message' => 'as the test wants it',
    ];
}

/** @return list<string> frames to send */
function act(string $act, Header $asked, int $events): array
{
    $good = reply($asked, 'ASSIGN', answer($events));
    return match ($act) {
        'answer' => [$good],
        'silence' => [],
        'overloaded' => [reply($asked, 'ERROR', error('overloaded', true, 30))],
        'draining' => [reply($asked, 'ERROR', error('draining', true))],
        'refused' => [reply($asked, 'ERROR', error('badKind', offset: 259))],
        'checksum' => [substr($good, 0, -1) . chr(ord($good[-1]) ^ 1)],
        'noFlag' => [reply($asked, 'ASSIGN', answer($events), 0)],
        'correlation' => [
            reply(
                new Header(Header::ASSIGN, $asked->correlation + 1_000), 'ASSIGN', answer($events)
            ),
            $good,
        ],
        'malformed' => [reply($asked, 'ASSIGN', answer($events, ['session', 'position']))],
        'otherCount' => [reply($asked, 'ASSIGN', answer($events + 1))],
    };
}

$options = json_decode($argv[1], true) + ['acts' => ['answer'], 'hello' => [], 'curve' => null];
$hello = $options['hello'] + [
    'version' => 1, 'features' => 0, 'deployment' => str_repeat('07', 16), 'server_time' => '0',
    'message_bytes' => 4_194_304, 'batch_events' => 65_535, 'visitor_key_bytes' => 128,
    'text_bytes' => 2_048, 'batch_texts' => 65_535, 'batch_contexts' => 65_535, 'credit' => 64,
    'producer_window' => 128, 'partitions' => 1, 'first_partition' => 0,
    'last_partition' => 0, 'name' => 'fake', 'server_version' => '0',
];
$socket = new ZMQSocket(new ZMQContext(), ZMQ::SOCKET_ROUTER);
$socket->setSockOpt(ZMQ::SOCKOPT_LINGER, 0);
if ($options['curve'] !== null) {
    $socket->setSockOpt(ZMQ::SOCKOPT_CURVE_SERVER, 1);
    $socket->setSockOpt(ZMQ::SOCKOPT_CURVE_SECRETKEY, $options['curve']);
}
$socket->bind('tcp://127.0.0.1:*');
echo rtrim($socket->getSockOpt(ZMQ::SOCKOPT_LAST_ENDPOINT), "\0"), "\n";
$poll = new ZMQPoll();
$poll->add($socket, ZMQ::POLL_IN);
stream_set_blocking(STDIN, false);
$seen = ['hellos' => 0, 'frames' => []];
while (fgets(STDIN) === false && !feof(STDIN)) {
    $readable = $writable = [];
    if ($poll->poll($readable, $writable, 10) === 0) {
        continue;
    }
    [$peer, $frame] = $socket->recvMulti();
    $asked = Header::open($frame, false);
    if ($asked->operation === Header::HELLO) {
        $seen['hellos']++;
        $socket->sendMulti([$peer, reply($asked, 'HELLO', $hello)]);
        continue;
    }
    $act = $options['acts'][min(count($seen['frames']), count($options['acts']) - 1)];
    $seen['frames'][] = bin2hex($frame);
    foreach (act($act, $asked, unpack('V', $frame, Header::BYTES)[1]) as $answer) {
        $socket->sendMulti([$peer, $answer]);
    }
}
echo json_encode($seen), "\n";
