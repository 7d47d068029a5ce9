<?php

declare(strict_types=1);

namespace Sojourn\Wire;

use Sojourn\Answer;
use Sojourn\Context;
use Sojourn\Found;
use Sojourn\FoundSession;
use Sojourn\Limits;
use Sojourn\PathStep;
use Sojourn\Revision;
use Sojourn\ServerInfo;
use Sojourn\Status;
use Sojourn\Uuid;

/** Reads the bodies of replies; the header was judged before. Every function throws `Fault`. */
final class Replies
{
    private const NO_OFFSET = 0xFFFFFFFF;

    public static function hello(string $frame): ServerInfo
    {
        if (strlen($frame) < Header::BYTES + 72) {
            throw new Fault(30, strlen($frame));
        }
        $field = unpack(
            'Cversion/C3zero/Vfeatures/a16deployment/Ptime/Vmessage/Vevents/vkey/vtext/Vtexts/'
            . 'Vcontexts/Vcredit/Vwindow/Vpartitions/vname/vlength/vfirst/vlast', $frame, Header::BYTES
        );
        $end = Header::BYTES + 72 + $field['name'] + $field['length'];
        if (strlen($frame) < $end) {
            throw new Fault(30, strlen($frame));
        }
        if ($field['zero1'] + $field['zero2'] + $field['zero3'] !== 0) {
            throw new Fault(31, Header::BYTES + 1);
        }
        self::checkEnd($frame, $end);
        $middle = Header::BYTES + 72 + $field['name'];
        return new ServerInfo(
            $field['version'], $field['features'], substr($frame, Header::BYTES + 8, 16),
            $field['time'], $field['message'], $field['events'], $field['key'], $field['text'],
            $field['texts'], $field['contexts'], $field['credit'], $field['window'],
            $field['partitions'], $field['first'], $field['last'],
            self::text($frame, Header::BYTES + 72, $field['name']),
            self::text($frame, $middle, $field['length']),
        );
    }

    public static function error(string $frame): ErrorReply
    {
        if (strlen($frame) < Header::BYTES + 16) {
            throw new Fault(30, strlen($frame));
        }
        $field = unpack(
            'vcode/Cflags/Creserved/Vafter/Voffset/Clowest/Chighest/vlength', $frame, Header::BYTES
        );
        $end = Header::BYTES + 16 + $field['length'];
        if (strlen($frame) < $end) {
            throw new Fault(30, strlen($frame));
        }
        if ($field['reserved'] !== 0) {
            throw new Fault(31, Header::BYTES + 3);
        }
        self::checkEnd($frame, $end);
        return new ErrorReply(
            $field['code'], ($field['flags'] & 1) !== 0, $field['after'],
            $field['offset'] === self::NO_OFFSET ? null : $field['offset'], $field['lowest'],
            $field['highest'], self::text($frame, Header::BYTES + 16, $field['length']),
        );
    }

    public static function assign(string $frame, Header $header): Answer
    {
        static $forms = null;
        $forms ??= [
            32 => Form::records(32, 16), 33 => Form::integers(33, 1, 2, 4, 8),
            34 => Form::index(34), 35 => Form::integers(35, 1), 36 => Form::index(36),
            37 => Form::index(37), 38 => Form::integers(38, 1), 39 => Form::integers(39, 8),
            40 => Form::records(40, 16), 41 => Form::records(41, 16), 42 => Form::integers(42, 1),
            43 => Form::integers(43, 2),
        ];
        $layout = Layout::open($frame, 24, $forms);
        ['events' => $events, 'sessions' => $sessions, 'revisions' => $revisions, 'clock' => $clock]
            = unpack('Vevents/V/Vsessions/Vrevisions/Pclock', $frame, Header::BYTES);
        $counts = array_fill_keys([32, 33, 34, 35], $sessions)
            + array_fill_keys([36, 37, 38], $events)
            + array_fill_keys([39, 40, 41, 42, 43], $revisions);
        $required = array_keys(array_filter($counts));
        $layout->check($forms, $counts, [], array_diff($required, [33]));
        $columns = $layout->columns;
        $integers = static fn (int $id) => isset($columns[$id]) ? $columns[$id]->integers() : [];
        $indexes = $integers(36);
        if ($indexes !== [] && max($indexes) > $sessions) {
            foreach ($indexes as $row => $index) {
                if ($index > $sessions) {
                    throw new Fault(50, $columns[36]->start + $row * $columns[36]->width);
                }
            }
        }
        $ids = $sessions === 0 ? '' : $columns[32]->data;
        if ($sessions > 0 && $columns[32]->parameter > 16) {
            $ids = implode('', self::records($columns[32], 16));
        }
        return new Answer(
            $clock, $header->producer, $header->sequence, $indexes, $integers(37), $integers(38),
            $ids, $integers(33), $integers(34), $integers(35),
            $revisions === 0 ? [] : self::revisions($columns, $integers),
        );
    }

    public static function lookup(string $frame): Found
    {
        static $forms = null;
        $forms ??= [
            6 => Form::dictionary(6), 64 => Form::records(64, 128), 65 => Form::records(65, 8),
        ];
        $layout = Layout::open($frame, 16, $forms);
        ['count' => $count, 'clock' => $clock] = unpack('Vcount/V/Pclock', $frame, Header::BYTES);
        $layout->check(
            $forms, [64 => $count], [6 => Limits::ENTRIES], $count > 0 ? [64] : []
        );
        $texts = $layout->texts();
        $path = $layout->columns[65] ?? null;
        $steps = $path === null ? [] : array_map(
            static fn (string $record) => unpack('Vafter/Vpage', $record),
            self::records($path, 8),
        );
        $column = $layout->columns[64] ?? null;
        $records = $column === null ? [] : array_map(
            static fn (string $record) => unpack(
                'a16id/Pfirst/Plast/Pvalue/Pengaged/Vordinal/Vevents/Vviews/Vactions/Vconversions/'
                . 'Cstate/Cout/v/V8cell/Vlanding/Vexit/Vstart/Vlength/Pfinishes', $record
            ) + ['bytes' => $record],
            self::records($column, 128),
        );
        self::checkFound($records, $column, $steps, $path, count($texts));
        $sessions = [];
        foreach ($records as $record) {
            $sessions[] = self::foundSession($record, $steps, $texts);
        }
        return new Found($clock, $sessions);
    }

    public static function status(string $frame): Status
    {
        static $forms = null;
        $forms ??= [6 => Form::dictionary(6), 96 => Form::integers(96, 8)];
        $layout = Layout::open($frame, 16, $forms);
        ['count' => $count, 'time' => $time] = unpack('Vcount/V/Ptime', $frame, Header::BYTES);
        $layout->check(
            $forms, [6 => $count, 96 => $count], [6 => Limits::ENTRIES],
            $count > 0 ? [6, 96] : [],
        );
        $names = $layout->texts();
        $values = isset($layout->columns[96]) ? $layout->columns[96]->integers() : [];
        return new Status($time, array_combine($names, $values));
    }

    private static function checkEnd(string $frame, int $end): void
    {
        if (strlen($frame) > $end) {
            throw new Fault(39, $end);
        }
    }

    private static function text(string $frame, int $at, int $length): string
    {
        $text = substr($frame, $at, $length);
        return Bytes::isText($text) ? $text : throw new Fault(48, $at);
    }

    /** @return list<string> the first bytes of each record */
    private static function records(Column $column, int $bytes): array
    {
        $records = [];
        for ($row = 0; $row < $column->count; $row++) {
            $records[] = substr($column->data, $row * $column->parameter, $bytes);
        }
        return $records;
    }

    /**
     * @param array<int, Column> $columns
     * @return list<Revision>
     */
    private static function revisions(array $columns, callable $integers): array
    {
        $from = self::records($columns[40], 16);
        $into = self::records($columns[41], 16);
        $causes = $integers(42);
        $partitions = $integers(43);
        $revisions = [];
        foreach ($integers(39) as $row => $number) {
            $revisions[] = new Revision(
                $number, Uuid::text($from[$row]), Uuid::text($into[$row]), $causes[$row],
                $partitions[$row],
            );
        }
        return $revisions;
    }

    private static function checkFound(
        array $records, ?Column $column, array $steps, ?Column $path, int $texts
    ): void {
        $faults = new Faults();
        foreach ($records as $row => $record) {
            $at = $column->start + $row * $column->parameter;
            for ($cell = 72; $cell < 112; $cell += 4) {
                if (Bytes::unsigned32($record['bytes'], $cell) > $texts) {
                    $faults->add(50, $at + $cell);
                }
            }
            if ($record['start'] + $record['length'] > count($steps)) {
                $faults->add(50, $at + 112);
            }
        }
        foreach ($steps as $row => $step) {
            if ($step['page'] > $texts) {
                $faults->add(50, $path->start + $row * $path->parameter + 4);
            }
        }
        $faults->throw();
    }

    private static function foundSession(array $record, array $steps, array $texts): FoundSession
    {
        $text = static fn (int $index) => $index === 0 ? '' : $texts[$index - 1];
        $cells = [];
        for ($cell = 1; $cell <= 8; $cell++) {
            $cells[] = $text($record["cell$cell"]);
        }
        $path = [];
        foreach (array_slice($steps, $record['start'], $record['length']) as $step) {
            $path[] = new PathStep($step['after'], $text($step['page']));
        }
        $id = substr($record['bytes'], 0, 16);
        return new FoundSession(
            Bytes::session($id, $record['first'], $record['ordinal'], $record['state']),
            $record['first'], $record['last'], $record['value'], $record['engaged'],
            $record['events'], $record['views'], $record['actions'], $record['conversions'],
            $record['out'] === 255 ? null : $record['out'], new Context(...$cells),
            $text($record['landing']), $text($record['exit']), $path, $record['finishes'],
        );
    }
}
