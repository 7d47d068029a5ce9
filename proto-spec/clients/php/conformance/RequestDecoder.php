<?php

declare(strict_types=1);

namespace Sojourn\Conformance;

use Sojourn\Kind;
use Sojourn\Limits;
use Sojourn\Wire\Bytes;
use Sojourn\Wire\Column;
use Sojourn\Wire\Fault;
use Sojourn\Wire\Faults;
use Sojourn\Wire\Form;
use Sojourn\Wire\Header;
use Sojourn\Wire\Layout;

/** Reads requests, as a server does; content in the form of the golden messages. */
final class RequestDecoder
{
    public static function decode(string $frame, int $operation): array
    {
        return match ($operation) {
            Header::HELLO => self::hello($frame),
            Header::ASSIGN => (new self($frame))->assign(),
            Header::LOOKUP => self::lookup($frame),
            Header::STATUS => strlen($frame) > Header::BYTES ? throw new Fault(39, 64) : [],
        };
    }

    private static function hello(string $frame): array
    {
        $body = substr($frame, Header::BYTES);
        if (strlen($body) < 24) {
            throw new Fault(30, strlen($frame));
        }
        ['l' => $lowest, 'h' => $highest, 'n' => $length, 'f' => $features]
            = unpack('Cl/Ch/vn/Vf', $body);
        $name = substr($body, 24);
        match (true) {
            strlen($name) < $length => throw new Fault(30, strlen($frame)),
            $lowest <= $highest && ($lowest > 1 || $highest < 1) => throw new Fault(4, 64),
            strlen($name) > $length => throw new Fault(39, 88 + $length),
            $lowest > $highest => throw new Fault(53, 64),
            $length > Limits::NAME_BYTES => throw new Fault(53, 66),
            !Bytes::isText($name) => throw new Fault(53, 88),
            default => null,
        };
        return [
            'lowest_version' => $lowest, 'highest_version' => $highest, 'features' => $features,
            'deployment' => bin2hex(substr($body, 8, 16)), 'name' => $name,
        ];
    }

    private static function lookup(string $frame): array
    {
        $body = substr($frame, Header::BYTES);
        if (strlen($body) < 8) {
            throw new Fault(30, strlen($frame));
        }
        ['b' => $by, 'r' => $reserved, 'n' => $length, 's' => $too] = unpack('Cb/Cr/vn/Vs', $body);
        $key = substr($body, 8);
        match (true) {
            strlen($key) < $length => throw new Fault(30, strlen($frame)),
            $reserved !== 0 => throw new Fault(31, 65),
            $too !== 0 => throw new Fault(31, 68),
            strlen($key) > $length => throw new Fault(39, 72 + $length),
            $by === 1 && ($length < 1 || $length > Limits::KEY_BYTES) => throw new Fault(45, 66),
            $by !== 1 && $by !== 2 => throw new Fault(54, 64),
            $by === 2 && $length !== 16 => throw new Fault(54, 66),
            default => null,
        };
        return ['by' => $by === 1 ? 'visitor' : 'session', 'key' => bin2hex($key)];
    }

    // ---- ASSIGN

    /** @var array<int, Column> */
    private array $columns = [];
    /** @var list<string> */
    private array $texts = [];
    private ?int $badPrefix = null;

    private function __construct(private readonly string $frame)
    {
    }

    private function assign(): array
    {
        $forms = [
            1 => Form::integers(1, 4, 8), Form::integers(2, 1), Form::index(3), Form::dictionary(4),
            Form::index(5), Form::dictionary(6), Form::integers(7, 1), Form::index(8),
            Form::cells(9), Form::scaled(10), Form::integers(11, 8),
        ];
        $layout = Layout::open($this->frame, 16, $forms, true);
        $this->columns = $columns = $layout->columns;
        ['n' => $count, 'base' => $base] = unpack('Vn/V/Pbase', $this->frame, Header::BYTES);
        $counts = array_fill_keys([1, 2, 3, 5, 8, 10, 11], $count)
            + (isset($columns[6]) ? [7 => $columns[6]->count] : []);
        $layout->check(
            $forms, $counts, array_fill_keys([4, 6, 9], Limits::ENTRIES),
            isset($columns[7]) ? [1, 2, 3, 4, 6] : [1, 2, 3, 4],
        );
        Layout::checkLengths(45, $columns[4], Limits::KEY_BYTES);
        $this->readTexts();
        $kinds = $columns[2]->integers();
        foreach ($kinds as $row => $kind) {
            if (Kind::tryFrom($kind) === null) {
                throw new Fault(49, $columns[2]->start + $row);
            }
        }
        $this->checkIndexes();
        $times = $this->times($base);
        return ['base_time' => (string) $base, 'events' => $this->events($times, $kinds)];
    }

    private function readTexts(): void
    {
        $column = $this->columns[6] ?? null;
        if ($column === null) {
            return;
        }
        $prefixes = isset($this->columns[7]) ? $this->columns[7]->integers() : [];
        $total = Layout::checkLengths(46, $column, Limits::TEXT_BYTES, $prefixes);
        if ($total > Limits::BATCH_TEXT_BYTES) {
            throw new Fault(47);
        }
        $at = $column->start + $column->count * $column->width;
        $text = '';
        foreach ($column->entries() as $row => $own) {
            $prefix = $prefixes[$row] ?? 0;
            if ($prefix > strlen($text)) {
                $this->badPrefix = $row;
                return;
            }
            $text = substr($text, 0, $prefix) . $own;
            if (!Bytes::isText($text)) {
                throw new Fault(48, $at);
            }
            $this->texts[] = $text;
            $at += strlen($own);
        }
    }

    private function checkIndexes(): void
    {
        $faults = new Faults();
        if ($this->badPrefix !== null) {
            $faults->add(50, $this->columns[7]->start + $this->badPrefix);
        }
        $texts = isset($this->columns[6]) ? $this->columns[6]->count : 0;
        $contexts = $this->columns[9] ?? null;
        $rows = $contexts === null ? 0 : intdiv($contexts->count, $contexts->parameter);
        foreach ($contexts?->integers() ?? [] as $at => $cell) {
            if ($cell > $texts && $at % $contexts->parameter < 8) {
                $faults->add(50, $contexts->start + $at * $contexts->width);
            }
        }
        foreach ([3 => $this->columns[4]->count - 1, 5 => $texts, 8 => $rows] as $id => $greatest) {
            $column = $this->columns[$id] ?? null;
            foreach ($column?->integers() ?? [] as $row => $index) {
                if ($index > $greatest) {
                    $faults->add(50, $column->start + $row * $column->width);
                }
            }
        }
        $faults->throw();
    }

    /** @return list<int> */
    private function times(int $base): array
    {
        $column = $this->columns[1];
        $times = [];
        foreach ($column->integers() as $row => $delta) {
            // A sum that leaves 64 bits is a float, far out of range.
            $time = $base + $delta;
            if ($time < 0 || $time >= Limits::EVENT_TIME_END) {
                throw new Fault(51, $column->start + $row * $column->width);
            }
            $times[] = $time;
        }
        $value = $this->columns[10] ?? null;
        if ($value !== null && $value->parameter > ($value->width === 8 ? 0 : Limits::SCALE)) {
            throw new Fault(52, $value->descriptor + 2);
        }
        return $times;
    }

    private function events(array $times, array $kinds): array
    {
        $integers = fn (int $id)
            => isset($this->columns[$id]) ? $this->columns[$id]->integers() : [];
        $keys = $this->columns[4]->entries();
        $visitors = $integers(3);
        $names = $integers(5);
        $contexts = $integers(8);
        $rows = $this->contexts();
        $values = isset($this->columns[10]) ? $this->columns[10]->signedIntegers() : [];
        $power = isset($this->columns[10]) ? 10 ** $this->columns[10]->parameter : 1;
        $ids = $integers(11);
        $events = [];
        foreach ($times as $row => $time) {
            $event = [
                'time' => (string) $time, 'kind' => Kind::from($kinds[$row])->label(),
                'visitor' => bin2hex($keys[$visitors[$row]]),
            ];
            if (($names[$row] ?? 0) !== 0) {
                $event['name'] = $this->texts[$names[$row] - 1];
            }
            if (($contexts[$row] ?? 0) !== 0) {
                $event['context'] = $rows[$contexts[$row] - 1];
            }
            if (($values[$row] ?? 0) !== 0) {
                $event['value'] = (string) ($values[$row] * $power);
            }
            if (($ids[$row] ?? 0) !== 0) {
                $event['event_id'] = Bytes::decimal($ids[$row]);
            }
            $events[] = $event;
        }
        return $events;
    }

    private function contexts(): array
    {
        $column = $this->columns[9] ?? null;
        if ($column === null || $column->count === 0) {
            return [];
        }
        $contexts = [];
        foreach (array_chunk($column->integers(), $column->parameter) as $cells) {
            $context = [];
            foreach (Json::ATTRIBUTES as $at => $name) {
                if ($cells[$at] !== 0) {
                    $context[$name] = $this->texts[$cells[$at] - 1];
                }
            }
            $contexts[] = $context + (($cells[8] & 1) === 1 ? ['knownBot' => true] : []);
        }
        return $contexts;
    }
}
