<?php

declare(strict_types=1);

namespace Sojourn\Tests;

use Sojourn\Batch;
use Sojourn\Context;
use Sojourn\Event;
use Sojourn\Kind;
use Sojourn\Wire\AssignRequest;
use Sojourn\Wire\Bytes;
use Sojourn\Wire\Encoding;
use Sojourn\Wire\Fault;
use Sojourn\Wire\Header;
use Sojourn\Wire\Replies;

function testChecksum(): void
{
    check(Bytes::checksum('123456789') === pack('V', 0xE3069283));
    check(Bytes::checksum('') === "\0\0\0\0");
}

function testNumbersAreNoTexts(): void
{
    $batch = Batch::of([
        new Event(1, Kind::View, '42', '7'), new Event(1, Kind::View, '042', '07'),
        new Event(1, Kind::View, '42', '-1', new Context(region: '7')),
    ]);
    $encoding = Encoding::choose($batch);
    check($encoding->keys === ['42', '042']);
    check($encoding->texts === ['7', '07', '-1']);
    check(strlen(AssignRequest::encode($batch, $encoding)) > 0);
}

function testColumnsAreAsNarrowAsCanBe(): void
{
    $wide = static function (array $values): array {
        $count = count($values);
        $batch = Batch::ofColumns(
            array_fill(0, $count, 5), Kind::View, array_fill(0, $count, 'a'), values: $values
        );
        return Encoding::choose($batch)->columns[Encoding::VALUE];
    };
    check($wide([1, -128]) === [1, 0]);
    check($wide([128]) === [2, 0]);
    check($wide([12_500_000]) === [1, 5]);
    check($wide([49_990_000]) === [2, 4]);
    check($wide([PHP_INT_MAX]) === [8, 0]);
    $visitors = array_map(strval(...), range(1, 257));
    $batch = Batch::ofColumns(array_fill(0, 257, 5), Kind::View, $visitors, $visitors);
    $columns = Encoding::choose($batch)->columns;
    check($columns[Encoding::VISITOR] === [2, 0] && $columns[Encoding::NAME] === [2, 0]);
    check(!isset($columns[Encoding::VALUE]) && !isset($columns[Encoding::CONTEXT]));
}

/** Whatever a reply says, it is read or refused, and nothing else happens. */
function testRepliesOfNoise(): void
{
    mt_srand(1);
    $body = pack('VvvVVP', 5, 3, 0, 0, 0, 0);
    foreach ([36, 37, 38] as $at => $id) {
        $body .= pack('CCvVVV', $id, 1, 0, 5, 72 + 8 * $at, 5);
    }
    $body .= str_pad(str_repeat("\0", 5), 8, "\0") . str_pad('', 8, "\0") . str_repeat("\4", 5);
    $good = (new Header(Header::ASSIGN, 1, flags: 1))->seal($body);
    check(count(Replies::assign($good, Header::open($good))) === 5);
    for ($round = 0; $round < 20_000; $round++) {
        $noise = $body;
        for ($i = 0; $i <= $round % 3; $i++) {
            $byte = mt_rand(0, 1) === 0 ? mt_rand(0, 9) : mt_rand(0, 255);
            $noise[mt_rand(0, strlen($body) - 1)] = chr($byte);
        }
        $frame = (new Header(Header::ASSIGN, 1, flags: 1))->seal($noise);
        foreach (['assign', 'lookup', 'status', 'hello', 'error'] as $kind) {
            try {
                $kind === 'assign'
                    ? iterator_to_array(Replies::assign($frame, Header::open($frame)))
                    : Replies::$kind($frame);
            } catch (Fault $fault) {
                check($fault->fault >= 30 && $fault->fault <= 50);
            }
        }
    }
}
