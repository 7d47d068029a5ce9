<?php

declare(strict_types=1);

namespace Sojourn\Tests;

use Sojourn\Batch;
use Sojourn\Client;
use Sojourn\Context;
use Sojourn\Event;
use Sojourn\Exception\ClientClosed;
use Sojourn\Exception\InvalidArgument;
use Sojourn\Exception\Refused;
use Sojourn\Exception\WrongDeployment;
use Sojourn\Kind;
use Sojourn\Options;

/** With a real server. */
function now(): int
{
    return (int) (microtime(true) * 1_000);
}

function testLiveAssignAndLookup(string $endpoint): void
{
    $client = Client::connect($endpoint);
    $now = now();
    check($client->server()->version === 1 && $client->server()->name === 'sojourn');
    $context = new Context(channel: 'search', campaignName: 'spring');
    $answer = $client->assign([
        new Event($now - 5_000, Kind::View, 'p-anna', '/home', $context),
        new Event($now, Kind::View, 'p-anna', '/cart', null, 12_500_000),
        new Event($now, Kind::View, 'p-ben', '/home'),
        new Event($now, Kind::Heartbeat, 'p-carl'),
    ], 1);
    $rows = iterator_to_array($answer);
    check(count($answer) === 4 && $answer->sessionCount() === 2 && $answer->sequence === 1);
    check($answer->producer === $client->producer());
    $outcomes = array_map(fn ($row) => $row->outcomeName(), $rows);
    check($outcomes === ['new', 'extended', 'new', 'rejectedNoSession']);
    check($rows[0]->session === $rows[1]->session && $rows[1]->position === 2);
    check($rows[0]->session->start === $now - 5_000 && $rows[0]->session->ordinal === 1);
    check($rows[0]->session->boundaryName() === 'first' && $rows[3]->session === null);
    thrown(InvalidArgument::class, fn () => $answer->assignment(4));

    $found = $client->lookup('p-anna', 1)->sessions;
    check(count($found) === 1 && $found[0]->views === 2 && $found[0]->value === 12_500_000);
    check($found[0]->context->channel === 'search' && $found[0]->landingPage === '/home');
    check($found[0]->path[1]->after === 5_000 && $found[0]->path[1]->page === '/cart');
    $id = $rows[0]->session->id;
    check($client->lookupSession($id, 1)->sessions[0]->session->id === $id);
    check($client->lookup('nobody', 1)->sessions === []);
    thrown(InvalidArgument::class, fn () => $client->lookup('', 1));
    thrown(InvalidArgument::class, fn () => $client->lookupSession('x', 1));
    check(count($client->status()->gauges) > 5);
    $client->close();
}

function testLiveRevision(string $endpoint): void
{
    $client = Client::connect($endpoint);
    $now = now();
    $minute = 60_000;
    $first = $client->assign([
        new Event($now - 35 * $minute, Kind::View, 'p-rita'), new Event($now, Kind::View, 'p-rita'),
    ], 1);
    check($first->sessionCount() === 2 && $first->revisions === []);
    $second = $client->assign([new Event($now - 15 * $minute, Kind::View, 'p-rita')], 1);
    check(count($second->revisions) === 1 && $second->assignment(0)->outcomeName() === 'merged');
    $revision = $second->revisions[0];
    check($revision->from === $first->session(1)->id && $revision->into === $first->session(0)->id);
    check($revision->causeName() === 'bridge');
    $client->close();
}

function testLiveBatchIsSentAgain(string $endpoint): void
{
    $options = new Options(producer: -4_711, firstSequence: 9);
    $batch = Batch::ofColumns([now(), now()], Kind::View, ['p-again', 'p-again']);
    $client = Client::connect($endpoint, $options);
    $first = $client->assign($batch, 1);
    check($first->sequence === 9 && $first->producer === -4_711 && $client->nextSequence() === 10);
    $client->close();
    // After a restart, say.
    $client = Client::connect($endpoint, $options);
    $second = $client->assign($batch, 1);
    check($second->outcomes === $first->outcomes && $second->sessionIds === $first->sessionIds);
    $client->setNextSequence(9);
    $batch->add(new Event(now(), Kind::View, 'p-again'));
    $error = thrown(Refused::class, fn () => $client->assign($batch, 1));
    check($error->serverCodeName === 'sequenceReused' && $error->offset === 24);
    $client->close();
}

function testLiveRefusals(string $endpoint): void
{
    $client = Client::connect($endpoint);
    $batch = Batch::ofColumns([now()], Kind::View, ['p-refused']);
    check(count($client->assign($batch, 1)) === 1);
    // More of them in a row than the server's window has room for.
    for ($i = 0; $i < 300; $i++) {
        $error = thrown(Refused::class, fn () => $client->assign($batch, 999));
    }
    check($error->serverCodeName === 'unknownProperty' && $error->offset === 36);
    check(count($client->assign($batch, 1)) === 1);
    $client->close();
    $options = new Options(deployment: str_repeat('ab', 16));
    thrown(WrongDeployment::class, fn () => Client::connect($endpoint, $options));
}

function testLivePipeline(string $endpoint): void
{
    $client = Client::connect($endpoint);
    $sizes = [];
    $collected = 0;
    while ($collected < 200) {
        while (count($sizes) < 200 && $client->underWay() < $client->credit()) {
            $size = count($sizes) % 50 + 1;
            $batch = Batch::ofColumns(
                array_fill(0, $size, now()), Kind::View, array_fill(0, $size, 'p-pipeline')
            );
            $sizes[$client->submit($batch, 1)] = $size;
        }
        $delivery = $client->collect();
        check(count($delivery->answer()) === $sizes[$delivery->ticket]);
        $collected++;
    }
    check($client->underWay() === 0);
    $client->close();
}

function testLiveBuffer(string $endpoint): void
{
    $client = Client::connect($endpoint);
    $heard = $errors = [];
    $listen = function (Event $event, $assignment, $error) use (&$heard, &$errors): void {
        $assignment !== null ? $heard[] = $event->name : $errors[] = $error;
    };
    $add = function ($sender, int $from, int $count): void {
        for ($i = $from; $i < $from + $count; $i++) {
            $sender->add(new Event(now(), Kind::View, 'p-buffer', "$i"));
        }
    };
    thrown(InvalidArgument::class, fn () => $client->buffered(1, 0));
    $sender = $client->buffered(1, 100, 5_000, $listen);
    $add($sender, 0, 250);
    check(count($heard) === 200);
    $sender->flush();
    check($heard === array_map(strval(...), range(0, 249)));
    $add($sender, 250, 5);
    $sender->close();
    check(count($heard) === 255 && $errors === []);
    thrown(ClientClosed::class, fn () => $add($sender, 0, 1));
    // After its time, with the next call.
    $sender = $client->buffered(1, 100, 20, $listen);
    $add($sender, 0, 1);
    usleep(30_000);
    $sender->poll();
    check(count($heard) === 256);
    $sender = $client->buffered(999, 10, 5_000, $listen);
    $add($sender, 0, 10);
    check(count($errors) === 10 && $errors[0]->serverCodeName === 'unknownProperty');
    $add($sender, 0, 1);
    $client->close();
    $sender->close();
    check($errors[10] instanceof ClientClosed);
}
