<?php

declare(strict_types=1);

/**
 * Measures how many events a second go through a client: `bench ENDPOINT SECONDS`.
 *
 * Batches of 1,000 views of a shop, each built anew from columns, as many in flight as may be.
 */

use Sojourn\Batch;
use Sojourn\Client;
use Sojourn\Kind;

require __DIR__ . '/../autoload.php';

const EVENTS = 1_000;
const VISITS = 4;
const VISITORS = 100_000;
const PAGES = 200;

if ($argc !== 3) {
    fwrite(STDERR, "usage: bench ENDPOINT SECONDS\n");
    exit(64);
}
$keys = [];
for ($i = 0; $i < VISITORS; $i++) {
    $keys[] = hash('xxh128', "visitor $i", true);
}
$sections = ['women/shoes', 'men/jackets', 'kitchen', 'garden/tools'];
$pages = [];
for ($i = 0; $i < PAGES; $i++) {
    $pages[] = "/shop/{$sections[$i % 4]}/product-$i-"
        . substr('with-a-rather-long-name-here', 0, $i % 25);
}

function batch(array $keys, array $pages): Batch
{
    $visitors = $names = [];
    for ($i = 0; $i < EVENTS; $i++) {
        if ($i % VISITS === 0) {
            $key = $keys[mt_rand(0, VISITORS - 1)];
        }
        $visitors[] = $key;
        $names[] = $pages[mt_rand(0, PAGES - 1)];
    }
    $now = (int) (microtime(true) * 1_000);
    return Batch::ofColumns(array_fill(0, EVENTS, $now), Kind::View, $visitors, $names);
}

$client = Client::connect($argv[1]);
$begin = hrtime(true);
$end = $begin + (int) ((float) $argv[2] * 1e9);
$events = $checksum = 0;
do {
    $isOver = hrtime(true) >= $end;
    while (!$isOver && $client->underWay() < $client->credit()) {
        $client->submit(batch($keys, $pages), 1);
    }
    $delivery = $client->collect();
    if ($delivery !== null) {
        $answer = $delivery->answer();
        $events += count($answer);
        $checksum += array_sum($answer->positions) + array_sum($answer->sessionIndexes);
    }
} while (!$isOver || $delivery !== null);
$seconds = (hrtime(true) - $begin) / 1e9;
printf("events_per_second %.0f\n", $events / $seconds);
