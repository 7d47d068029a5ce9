<?php

declare(strict_types=1);

namespace Sojourn\Wire;

use Sojourn\Batch;

/** Writes a batch in the way that an encoding says. */
final class AssignRequest
{
    public static function encode(Batch $batch, Encoding $encoding): string
    {
        $body = new Body();
        foreach ($encoding->columns as $column => [$width, $parameter]) {
            [$count, $data] = self::column($batch, $encoding, $column, $width, $parameter);
            $body->add($column, $width, $parameter, $count, $data);
        }
        return $body->bytes(self::fixedPart($batch, $encoding));
    }

    public static function fixedPart(Batch $batch, Encoding $encoding): string
    {
        return pack('VvvP', count($batch), 0, 0, $encoding->baseTime);
    }

    /** @return array{int, string} number of elements, and their bytes */
    public static function column(
        Batch $batch, Encoding $encoding, int $column, int $width, int $parameter
    ): array {
        $count = count($batch);
        return match ($column) {
            Encoding::TIME => [$count, self::times($batch, $encoding->baseTime, $width)],
            Encoding::KIND => [$count, $batch->kinds],
            Encoding::VISITOR =>
                [$count, self::indexes($batch->visitors, $encoding->keys, $width, 0)],
            Encoding::VISITOR_KEYS => self::dictionary($encoding->keys, $width),
            Encoding::NAME => [$count, self::indexes($batch->names, $encoding->texts, $width, 1)],
            Encoding::TEXTS => self::texts($encoding, $width),
            Encoding::TEXT_PREFIXES =>
                [count($encoding->prefixes), Bytes::pack(1, $encoding->prefixes)],
            Encoding::CONTEXT => [$count, self::contextIndexes($batch, $encoding, $width)],
            Encoding::CONTEXTS => self::contexts($encoding, $width, $parameter),
            Encoding::VALUE => [$count, self::values($batch->values, $width, $parameter)],
            Encoding::EVENT_ID => [$count, Bytes::pack(8, $batch->ids)],
        };
    }

    private static function times(Batch $batch, int $base, int $width): string
    {
        if (min($batch->times) === max($batch->times)) {
            $one = Bytes::pack($width, [self::minus($batch->times[0], $base)]);
            return str_repeat($one, count($batch));
        }
        $deltas = [];
        foreach ($batch->times as $time) {
            $deltas[] = self::minus($time, $base);
        }
        return Bytes::pack($width, $deltas);
    }

    /** The difference, if need be around the end of 64 bits. */
    private static function minus(int $time, int $base): int
    {
        $delta = $time - $base;
        return is_int($delta) ? $delta : ($time ^ PHP_INT_MIN) - $base;
    }

    /**
     * Where each value stands in a dictionary; an empty one is none.
     *
     * @param list<string> $values
     * @param list<string> $entries
     */
    private static function indexes(array $values, array $entries, int $width, int $plus): string
    {
        $index = array_flip($entries);
        $indexes = [];
        if ($plus === 0) {
            foreach ($values as $value) {
                $indexes[] = $index[$value];
            }
        } else {
            $index[''] = -1;
            foreach ($values as $value) {
                $indexes[] = $index[$value] + 1;
            }
        }
        return Bytes::pack($width, $indexes);
    }

    /**
     * @param list<string> $entries
     * @return array{int, string}
     */
    private static function dictionary(array $entries, int $width): array
    {
        $ends = '';
        if ($width !== 0) {
            $sum = 0;
            $sums = [];
            foreach ($entries as $entry) {
                $sums[] = $sum += strlen($entry);
            }
            $ends = $sums === [] ? '' : Bytes::pack($width, $sums);
        }
        return [count($entries), $ends . implode('', $entries)];
    }

    /** @return array{int, string} */
    private static function texts(Encoding $encoding, int $width): array
    {
        if (!isset($encoding->columns[Encoding::TEXT_PREFIXES])) {
            return self::dictionary($encoding->texts, $width);
        }
        return self::dictionary(
            array_map(substr(...), $encoding->texts, $encoding->prefixes), $width
        );
    }

    private static function contextIndexes(Batch $batch, Encoding $encoding, int $width): string
    {
        $index = array_flip(array_column($encoding->contexts, 'key'));
        $indexes = [];
        foreach ($batch->contexts as $context) {
            $indexes[] = $context === null ? 0 : $index[$context->key] + 1;
        }
        return Bytes::pack($width, $indexes);
    }

    /** @return array{int, string} */
    private static function contexts(Encoding $encoding, int $width, int $cells): array
    {
        $index = array_flip($encoding->texts);
        $data = '';
        foreach ($encoding->contexts as $context) {
            $row = [];
            foreach ($context->attributes as $text) {
                $row[] = $text === '' ? 0 : $index[$text] + 1;
            }
            $row[] = $context->knownBot ? 1 : 0;
            $data .= Bytes::pack($width, array_pad($row, $cells, 0));
        }
        return [$cells * count($encoding->contexts), $data];
    }

    /** @param list<int> $values */
    private static function values(array $values, int $width, int $scale): string
    {
        $power = 10 ** $scale;
        return Bytes::pack(
            $width, array_map(static fn (int $value) => intdiv($value, $power), $values)
        );
    }
}
