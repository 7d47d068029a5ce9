<?php

declare(strict_types=1);

namespace Sojourn\Conformance;

use Sojourn\Batch;
use Sojourn\Context;
use Sojourn\Event;
use Sojourn\Kind;
use Sojourn\Names;
use Sojourn\Uuid;
use Sojourn\Wire\AssignRequest;
use Sojourn\Wire\Body;
use Sojourn\Wire\Bytes;
use Sojourn\Wire\Encoding;
use Sojourn\Wire\Requests;

/** Writes golden messages: requests through the client's code, replies as a server does. */
final class Encoder
{
    public static function encode(string $operation, bool $isReply, array $body): string
    {
        return match ([$operation, $isReply]) {
            ['HELLO', false] => Requests::hello(
                $body['lowest_version'], $body['highest_version'], $body['features'],
                hex2bin($body['deployment']), $body['name'],
            ),
            ['LOOKUP', false] =>
                Requests::lookup($body['by'] === 'visitor' ? 1 : 2, hex2bin($body['key'])),
            ['STATUS', false] => '',
            ['ASSIGN', false] => self::forcedAssign($body),
            ['HELLO', true] => self::helloReply($body),
            ['ASSIGN', true] => self::assignReply($body),
            ['LOOKUP', true] => self::lookupReply($body),
            ['STATUS', true] => self::statusReply($body),
            ['ERROR', true] => self::errorReply($body),
        };
    }

    public static function batch(array $body): Batch
    {
        $batch = new Batch();
        foreach ($body['events'] as $event) {
            $batch->add(new Event(
                (int) $event['time'], Kind::named($event['kind']), hex2bin($event['visitor']),
                $event['name'] ?? '',
                isset($event['context']) ? self::context($event['context']) : null,
                (int) ($event['value'] ?? 0), Json::integer($event['event_id'] ?? '0'),
            ));
        }
        return $batch;
    }

    /** As the client does it by itself. */
    public static function chosenAssign(array $body): string
    {
        $batch = self::batch($body);
        return AssignRequest::encode($batch, Encoding::choose($batch));
    }

    /** With the choices of the vector, through the client's writers of columns. */
    private static function forcedAssign(array $body): string
    {
        $choices = $body['encoding'];
        $columns = [];
        foreach ($choices['columns'] as $name => $choice) {
            $columns[Json::COLUMNS[$name]] = [$choice['width'], $choice['parameter'] ?? 0];
        }
        $encoding = new Encoding(
            (int) $body['base_time'], $columns, array_map(hex2bin(...), $choices['visitor_keys']),
            $choices['texts'] ?? [], array_map(self::context(...), $choices['contexts'] ?? []),
        );
        $batch = self::batch($body);
        $to = self::bodyWithUnknown($choices);
        foreach ($columns as $id => [$width, $parameter]) {
            [$count, $data] = AssignRequest::column($batch, $encoding, $id, $width, $parameter);
            if ($id === Encoding::CONTEXTS) {
                $data = self::withExtra($data, $choices['contexts'], $width, $parameter);
            }
            $to->add($id, $width, $parameter, $count, $data);
        }
        return $to->bytes(AssignRequest::fixedPart($batch, $encoding));
    }

    private static function withExtra(string $data, array $contexts, int $width, int $cells): string
    {
        foreach ($contexts as $row => $context) {
            if (isset($context['extra'])) {
                $extra = Bytes::pack($width, $context['extra']);
                $data = substr_replace(
                    $data, $extra, ($row * $cells + 9) * $width, strlen($extra)
                );
            }
        }
        return $data;
    }

    private static function context(array $json): Context
    {
        $texts = array_map(static fn (string $name) => $json[$name] ?? '', Json::ATTRIBUTES);
        return new Context(...$texts, knownBot: $json['knownBot'] ?? false);
    }

    private static function bodyWithUnknown(array $choices): Body
    {
        $to = new Body();
        foreach ($choices['unknown'] ?? [] as $column) {
            $to->add(
                $column['column'], $column['width'], $column['parameter'], $column['count'],
                hex2bin($column['data']),
            );
        }
        return $to;
    }

    /** Adds the columns that the vector has, from lists of integers or of byte strings. */
    private static function columns(array $choices, array $parts): Body
    {
        $to = self::bodyWithUnknown($choices);
        foreach ($choices['columns'] as $name => $choice) {
            $width = $choice['width'];
            $parameter = $choice['parameter'] ?? 0;
            $elements = $parts[$name];
            $data = '';
            if ($name === 'texts') {
                $sum = 0;
                $ends = array_map(function (string $text) use (&$sum) {
                    return $sum += strlen($text);
                }, $elements);
                $data = ($width === 0 ? '' : Bytes::pack($width, $ends)) . implode('', $elements);
            } elseif ($width === 0) {
                foreach ($elements as $record) {
                    $data .= str_pad($record, $parameter, "\0");
                }
            } else {
                $data = Bytes::pack($width, $elements);
            }
            $to->add(Json::COLUMNS[$name], $width, $parameter, count($elements), $data);
        }
        return $to;
    }

    private static function assignReply(array $body): string
    {
        ['sessions' => $sessions, 'events' => $events, 'revisions' => $revisions] = $body;
        $of = static fn (array $rows, callable $pick) => array_map($pick, $rows);
        $code = static fn (string $name, array $names) => array_search($name, $names, true);
        $parts = [
            'sessionID' => $of($sessions, fn ($row) => Uuid::bytes($row['id'])),
            'sessionShift' => $of($sessions, fn ($row) => Json::add(
                Bytes::timeOfId(Uuid::bytes($row['id'])),
                Json::add(~Json::integer($row['start']), 1),
            )),
            'ordinal' => $of($sessions, fn ($row) => $row['ordinal']),
            'sessionState' => $of($sessions, Json::state(...)),
            'session' => $of($events, fn ($row) => ($row['session'] ?? -1) + 1),
            'position' => $of($events, fn ($row) => $row['position']),
            'outcome' => $of($events, fn ($row) => $code($row['outcome'], Names::OUTCOMES)),
            'revisionNumber' => $of($revisions, fn ($row) => Json::integer($row['number'])),
            'revisionFrom' => $of($revisions, fn ($row) => Uuid::bytes($row['from'])),
            'revisionInto' => $of($revisions, fn ($row) => Uuid::bytes($row['into'])),
            'revisionCause' => $of($revisions, fn ($row) => $code($row['cause'], Names::CAUSES)),
            'revisionPartition' => $of($revisions, fn ($row) => $row['partition']),
        ];
        return self::columns($body['encoding'], $parts)->bytes(pack(
            'VvvVVP', count($events), 0, 0, count($sessions), count($revisions),
            (int) $body['clock']
        ));
    }

    private static function lookupReply(array $body): string
    {
        $texts = $body['encoding']['texts'] ?? [];
        $index = static fn (?string $text) =>
            $text === null ? 0 : array_search($text, $texts, true) + 1;
        $records = $path = [];
        foreach ($body['sessions'] as $session) {
            $out = $session['boundary_out'];
            $cells = array_map(
                static fn (string $name) => $index($session['context'][$name] ?? null),
                Json::ATTRIBUTES
            );
            $records[] = Uuid::bytes($session['id']) . pack(
                'P4V5C2v', (int) $session['first_event'], (int) $session['last_event'],
                (int) $session['value'], (int) $session['engaged'], $session['ordinal'],
                $session['events'], $session['views'], $session['actions'],
                $session['conversions'], Json::state($session['state']),
                $out === null ? 255 : array_search($out, Names::BOUNDARIES, true), 0
            ) . pack(
                'V12P', ...$cells, ...[
                    $index($session['landing_page'] ?? null), $index($session['exit_page'] ?? null),
                    count($path), count($session['path']), (int) $session['finishes'],
                ]
            );
            foreach ($session['path'] as $step) {
                $path[] = pack('VV', $step['after'], $index($step['page'] ?? null));
            }
        }
        $parts = ['texts' => $texts, 'sessions' => $records, 'path' => $path];
        return self::columns($body['encoding'], $parts)
            ->bytes(pack('VvvP', count($records), 0, 0, (int) $body['clock']));
    }

    private static function statusReply(array $body): string
    {
        $parts = [
            'texts' => array_column($body['gauges'], 'name'),
            'gauges' => array_map(intval(...), array_column($body['gauges'], 'value')),
        ];
        return self::columns($body['encoding'], $parts)
            ->bytes(pack('VvvP', count($body['gauges']), 0, 0, (int) $body['server_time']));
    }

    private static function helloReply(array $body): string
    {
        $deployment = hex2bin($body['deployment']);
        return pack('VV', $body['version'], $body['features']) . $deployment . pack(
            'PVVvvVVVVVvvvv', (int) $body['server_time'], $body['message_bytes'],
            $body['batch_events'], $body['visitor_key_bytes'], $body['text_bytes'],
            $body['batch_texts'], $body['batch_contexts'], $body['credit'],
            $body['producer_window'], $body['partitions'], strlen($body['name']),
            strlen($body['server_version']), $body['first_partition'], $body['last_partition']
        ) . $body['name'] . $body['server_version'];
    }

    private static function errorReply(array $body): string
    {
        return pack(
            'vCCVVCCv', array_search($body['code'], Names::ERRORS, true), (int) $body['retriable'],
            0, $body['retry_after'], $body['offset'] ?? 0xFFFFFFFF, $body['lowest_version'],
            $body['highest_version'], strlen($body['message'])
        ) . $body['message'];
    }
}
