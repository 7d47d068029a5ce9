<?php

declare(strict_types=1);

namespace Sojourn\Tests;

use Sojourn\Batch;
use Sojourn\Client;
use Sojourn\Exception\BatchTooLarge;
use Sojourn\Exception\Busy;
use Sojourn\Exception\ClientClosed;
use Sojourn\Exception\EmptyBatch;
use Sojourn\Exception\MalformedReply;
use Sojourn\Exception\Refused;
use Sojourn\Exception\SojournException;
use Sojourn\Exception\UnknownOutcome;
use Sojourn\Exception\Unreachable;
use Sojourn\Kind;
use Sojourn\Options;

/** With servers that misbehave. */
function quick(mixed ...$options): Options
{
    return new Options(...$options + ['timeout' => 3_000, 'attemptTimeout' => 150]);
}

function three(): Batch
{
    return Batch::ofColumns([1_000, 1_001, 1_002], Kind::View, ['anna', 'anna', 'anna']);
}

/** @return array{mixed, array} the answer or the error, and what the server saw */
function play(array $acts, ?Options $options = null): array
{
    $server = Server::fake(['acts' => $acts]);
    $client = Client::connect($server->endpoint, $options ?? quick());
    try {
        $result = $client->assign(three(), 1);
    } catch (SojournException $result) {
    }
    $client->close();
    return [$result, $server->stop()];
}

function testRetrySendsTheSameFrame(): void
{
    [$answer, $seen] = play(['silence', 'silence', 'answer']);
    check(count($answer) === 3 && $answer->assignment(2)->outcomeName() === 'tooLate');
    check($answer->assignment(0)->session === null);
    check($seen['hellos'] === 3 && count($seen['frames']) === 3);
    check(count(array_unique($seen['frames'])) === 1);
}

function testNoAnswerIsAnUnknownOutcome(): void
{
    [$error, $seen] = play(['silence']);
    check($error instanceof UnknownOutcome && $error->mayHaveBeenApplied);
    check($error->sends === 3 && count($seen['frames']) === 3);
}

function testRefusal(): void
{
    [$error, $seen] = play(['refused']);
    check($error instanceof Refused && !$error->mayHaveBeenApplied);
    check($error->serverCode === 49 && $error->serverCodeName === 'badKind');
    check($error->offset === 259 && str_contains($error->getMessage(), 'as the test wants it'));
    check(count($seen['frames']) === 1);
    [$error] = play(['silence', 'refused']);
    check($error instanceof UnknownOutcome && $error->serverCodeName === 'badKind');
}

function testOverloadWaits(): void
{
    $begin = hrtime(true);
    [$answer, $seen] = play(['overloaded', 'overloaded', 'draining', 'answer']);
    check(count($answer) === 3 && count($seen['frames']) === 4);
    check(hrtime(true) - $begin >= 60e6);
    [$error] = play(['overloaded'], quick(timeout: 120));
    check($error instanceof Refused && !$error->mayHaveBeenApplied);
    check($error->serverCodeName === 'overloaded' && $error->retryAfterMilliseconds === 30);
}

function testRepliesThatAreIgnored(): void
{
    foreach (['checksum' => 2, 'noFlag' => 2, 'correlation' => 1] as $act => $frames) {
        [$answer, $seen] = play([$act, 'answer']);
        check(count($answer) === 3 && count($seen['frames']) === $frames, $act);
    }
}

function testMalformedReplies(): void
{
    [$error] = play(['malformed']);
    check($error instanceof MalformedReply && $error->mayHaveBeenApplied);
    check($error->serverCodeName === 'missingColumn' && $error->offset === null);
    [$error] = play(['otherCount']);
    check($error instanceof MalformedReply);
}

function testFailover(): void
{
    $silent = Server::fake(['acts' => ['silence']]);
    $good = Server::fake();
    $endpoints = ['tcp://127.0.0.1:9', $silent->endpoint, $good->endpoint];
    $client = Client::connect($endpoints, quick());
    check(count($client->assign(three(), 1)) === 3);
    $client->close();
    [$one, $other] = [$silent->stop(), $good->stop()];
    check($one['hellos'] === 1 && $other['hellos'] === 1);
    check($one['frames'] === $other['frames'] && count($one['frames']) === 1);
}

function testDrainingServerIsLeft(): void
{
    $draining = Server::fake(['acts' => ['draining']]);
    $good = Server::fake();
    $client = Client::connect([$draining->endpoint, $good->endpoint], quick());
    $begin = hrtime(true);
    check(count($client->assign(three(), 1)) === 3);
    check(hrtime(true) - $begin < 140e6);
    $client->close();
    check(count($draining->stop()['frames']) === 1 && count($good->stop()['frames']) === 1);
}

function testLowerLimitsOfTheServer(): void
{
    $server = Server::fake(['hello' => ['batch_events' => 2]]);
    $client = Client::connect($server->endpoint, quick());
    thrown(BatchTooLarge::class, fn () => $client->assign(three(), 1));
    thrown(EmptyBatch::class, fn () => $client->assign([], 1));
    check($client->nextSequence() === 1);
    $client->close();
    check($server->stop()['frames'] === []);
    $server = Server::fake(['hello' => ['message_bytes' => 150, 'credit' => 2]]);
    $client = Client::connect($server->endpoint, quick());
    check($client->credit() === 2);
    thrown(BatchTooLarge::class, fn () => $client->assign(three(), 1));
    $client->close();
    $server->stop();
}

function testCloseWithBatchesUnderWay(): void
{
    $server = Server::fake(['acts' => ['silence']]);
    $client = Client::connect($server->endpoint, quick(inFlight: 2));
    check($client->collect() === null);
    $ticket = $client->submit(three(), 1);
    $client->submit(three(), 1);
    thrown(Busy::class, fn () => $client->submit(three(), 1));
    thrown(Busy::class, fn () => $client->status());
    check($client->underWay() === 2 && $client->collect(10) === null);
    $client->close();
    $delivery = $client->collect();
    check($delivery->ticket === $ticket && $delivery->error->mayHaveBeenApplied);
    thrown(ClientClosed::class, fn () => $delivery->answer());
    check($client->collect()->error instanceof ClientClosed && $client->collect() === null);
    foreach ([fn () => $client->assign(three(), 1), fn () => $client->status(),
        fn () => $client->lookup('anna', 1)] as $call) {
        check(!thrown(ClientClosed::class, $call)->mayHaveBeenApplied);
    }
    $server->stop();
}

function testCurve(): void
{
    // The keys of libzmq's manual.
    $keys = [
        'curveServerKey' => 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7',
        'curvePublicKey' => 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID',
        'curveSecretKey' => 'D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs',
    ];
    $server = Server::fake(['curve' => 'JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6']);
    $client = Client::connect($server->endpoint, new Options(...$keys));
    check(count($client->assign(three(), 1)) === 3);
    $client->close();
    $other = ['curveServerKey' => $keys['curvePublicKey']] + $keys;
    $options = quick(...$other, attempts: 1);
    thrown(Unreachable::class, fn () => Client::connect($server->endpoint, $options));
    $server->stop();
}
