<?php

declare(strict_types=1);

namespace Sojourn\Tests;

use Sojourn\Batch;
use Sojourn\Client;
use Sojourn\Context;
use Sojourn\Event;
use Sojourn\Exception\BatchTooLarge;
use Sojourn\Exception\InvalidArgument;
use Sojourn\Exception\InvalidEvent;
use Sojourn\Exception\Unreachable;
use Sojourn\Kind;
use Sojourn\Options;
use Sojourn\Uuid;
use Sojourn\Value;

function testValues(): void
{
    check(Value::ofFloat(12.5) === 12_500_000);
    check(Value::ofFloat(19.99) === 19_990_000);
    check(Value::ofFloat(-0.000001) === -1);
    foreach ([NAN, INF, -INF, 1e13, 0.0000001, 1 / 3] as $bad) {
        thrown(InvalidEvent::class, fn () => Value::ofFloat($bad));
    }
    $rows = [
        '12.50' => 12_500_000, '-12.5' => -12_500_000, '+1' => 1_000_000, '.5' => 500_000,
        '1.2345670' => 1_234_567, '9223372036854.775807' => PHP_INT_MAX,
        '-9223372036854.775808' => PHP_INT_MIN, '0' => 0, '-0.0' => 0,
    ];
    foreach ($rows as $text => $value) {
        check(Value::ofText((string) $text) === $value, (string) $text);
    }
    $bad = ['9223372036854.775808', '1.2345678', '', '-', '.', '1e3', '1.2.3', 'nan', "1\n",
        '99999999999999999999'];
    foreach ($bad as $text) {
        thrown(InvalidEvent::class, fn () => Value::ofText($text));
    }
}

function testEventsThatCannotBeSent(): void
{
    $view = fn (int $time, string $visitor = 'anna', string $name = '') =>
        fn () => new Event($time, Kind::View, $visitor, $name);
    $calls = [
        $view(-1), $view(1 << 48), $view(0, ''), $view(0, str_repeat('x', 129)),
        $view(0, 'anna', str_repeat('x', 2_049)), $view(0, 'anna', "\xC3"),
        fn () => new Context(device: "\xED\xA0\x80"),
        fn () => Batch::ofColumns([1, -1], Kind::View, ['a', 'b']),
        fn () => Batch::ofColumns([1, 1], Kind::View, ['a', '']),
        fn () => Batch::ofColumns([1, 1], Kind::View, ['a', 'b'], ['', "\xFF"]),
    ];
    foreach ($calls as $call) {
        $error = thrown(InvalidEvent::class, $call);
        check($error->kind === 'invalidEvent' && !$error->mayHaveBeenApplied);
    }
    thrown(InvalidArgument::class, fn () => Batch::ofColumns([1, 1], Kind::View, ['a']));
    thrown(InvalidArgument::class, fn () => Batch::ofColumns([1], [], ['a']));
    new Event((1 << 48) - 1, Kind::End, str_repeat("\0", 128), str_repeat('x', 2_048));
}

function testBatchIsFull(): void
{
    $times = array_fill(0, 65_535, 1_000);
    $batch = Batch::ofColumns($times, Kind::View, array_fill(0, 65_535, 'anna'));
    check(count($batch) === 65_535);
    thrown(BatchTooLarge::class, fn () => $batch->add(new Event(1, Kind::View, 'anna')));
    $times[] = 1;
    thrown(BatchTooLarge::class, fn () =>
        Batch::ofColumns($times, Kind::View, array_fill(0, 65_536, 'anna')));
}

function testUuids(): void
{
    $text = '01977375-f600-7000-8000-0000ddc0ffee';
    check(Uuid::text(Uuid::bytes($text)) === $text);
    thrown(InvalidArgument::class, fn () => Uuid::bytes('01977375-f600-7000-8000-0000ddc0ffe'));
}

function testBadArguments(): void
{
    $endpoints = ['', 'localhost', 'tcp://', 'tcp://127.0.0.1', 'tcp://127.0.0.1:0',
        'tcp://127.0.0.1:70000', 'tcp://127.0.0.1:12a', 'http://127.0.0.1:80', 'ipc://', []];
    foreach ($endpoints as $endpoint) {
        thrown(InvalidArgument::class, fn () => Client::connect($endpoint));
    }
    $options = [
        ['timeout' => 0], ['attemptTimeout' => 0], ['attempts' => 0], ['inFlight' => 65],
        ['name' => str_repeat('x', 256)], ['name' => "\xFF"], ['deployment' => '12'],
        ['curveServerKey' => 'short'], ['curveServerKey' => str_repeat('x', 40)],
    ];
    foreach ($options as $bad) {
        thrown(InvalidArgument::class, fn () => new Options(...$bad));
    }
}

function testServerIsDown(): void
{
    $options = new Options(timeout: 3_000, attemptTimeout: 100, attempts: 2);
    $begin = hrtime(true);
    $error = thrown(Unreachable::class, fn () => Client::connect('tcp://127.0.0.1:9', $options));
    check(!$error->mayHaveBeenApplied);
    check(hrtime(true) - $begin < 2e9);
}
