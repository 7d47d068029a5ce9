<?php

declare(strict_types=1);

namespace Sojourn\Wire;

use Sojourn\Limits;

/** A body of columns, judged. */
final readonly class Layout
{
    /** @param array<int, Column> $columns the known ones that are there, by number */
    private function __construct(public array $columns)
    {
    }

    /**
     * Judges fixed part, directory, trailing bytes and padding.
     *
     * @param int $fixedBytes of the fixed part
     * @param array<int, Form> $forms of the known columns, by number
     * @param bool $countsEvents the first field is a number of events
     * @throws Fault
     */
    public static function open(
        string $frame, int $fixedBytes, array $forms, bool $countsEvents = false
    ): self {
        $bytes = strlen($frame) - Header::BYTES;
        if ($bytes < $fixedBytes) {
            throw new Fault(30, strlen($frame));
        }
        ['first' => $first, 'count' => $count, 'reserved' => $reserved]
            = unpack('Vfirst/vcount/vreserved', $frame, Header::BYTES);
        $end = $fixedBytes + 16 * $count;
        if ($bytes < $end) {
            throw new Fault(30, strlen($frame));
        }
        $faults = new Faults();
        if ($reserved !== 0) {
            $faults->add(31, Header::BYTES + 6);
        }
        if ($countsEvents && ($first < 1 || $first > Limits::BATCH_EVENTS)) {
            $faults->add(32, Header::BYTES);
        }
        if ($count > Limits::COLUMNS) {
            $faults->add(33, Header::BYTES + 4);
        }
        $columns = $gaps = [];
        $before = -1;
        for ($d = Header::BYTES + $fixedBytes; $count > 0; $count--, $d += 16) {
            ['c' => $id, 'w' => $width, 'p' => $parameter, 'n' => $elements, 'o' => $offset,
                'l' => $length] = unpack('Cc/Cw/vp/Vn/Vo/Vl', $frame, $d);
            $form = $forms[$id] ?? null;
            if ($form !== null && $parameter !== 0 && !$form->hasParameter
                && !($form->isDictionary && $width === 0)) {
                $faults->add(31, $d + 2);
            }
            if ($id <= $before) {
                $faults->add(34, $d);
            }
            self::checkPlace($faults, $d + 8, $offset, $length, $end, $bytes);
            $gaps[] = [$end, $offset];
            $before = $id;
            $end = $offset + $length;
            if ($form !== null) {
                $data = substr($frame, Header::BYTES + $offset, $length);
                $columns[$id] = new Column($width, $parameter, $elements, $data, $d, $offset);
            }
        }
        $faults->throw();
        if ($end !== $bytes) {
            throw new Fault(39, Header::BYTES + $end);
        }
        self::checkPadding($frame, $gaps);
        return new self($columns);
    }

    /** @param int $end where what stands before the column ends */
    private static function checkPlace(
        Faults $faults, int $field, int $offset, int $length, int $end, int $bytes
    ): void {
        if ($offset % 8 !== 0) {
            $faults->add(35, $field);
        }
        if ($offset < $end) {
            $faults->add(36, $field);
        }
        if ($offset > ($end + 7 & ~7)) {
            $faults->add(37, $field);
        }
        if ($offset + $length > $bytes) {
            $faults->add(38, $field);
        }
    }

    /** @param list<array{int, int}> $gaps */
    private static function checkPadding(string $frame, array $gaps): void
    {
        foreach ($gaps as [$from, $to]) {
            $zeros = strspn($frame, "\0", Header::BYTES + $from, $to - $from);
            if ($zeros < $to - $from) {
                throw new Fault(40, Header::BYTES + $from + $zeros);
            }
        }
    }

    /**
     * Judges what is missing, then widths, numbers of elements and lengths, each over all columns
     * before the next.
     *
     * @param array<int, Form> $forms
     * @param array<int, int> $counts how many elements (of cells: rows) a column must have
     * @param array<int, int> $most how many at most
     * @param list<int> $required columns
     * @throws Fault
     */
    public function check(array $forms, array $counts, array $most, array $required): void
    {
        foreach ($required as $id) {
            if (!isset($this->columns[$id])) {
                throw new Fault(41);
            }
        }
        foreach ($this->columns as $id => $column) {
            if (!in_array($column->width, $forms[$id]->widths, true)
                || $column->parameter < $forms[$id]->recordBytes) {
                throw new Fault(42, $column->descriptor + 1);
            }
        }
        foreach ($this->columns as $id => $column) {
            $rows = $column->count;
            if ($forms[$id]->isCells) {
                if ($column->parameter < 9 || $rows % $column->parameter !== 0) {
                    throw new Fault(43, $column->descriptor + 4);
                }
                $rows = intdiv($rows, $column->parameter);
            }
            if ($rows !== ($counts[$id] ?? $rows) || $rows > ($most[$id] ?? $rows)) {
                throw new Fault(43, $column->descriptor + 4);
            }
        }
        foreach ($this->columns as $id => $column) {
            if (strlen($column->data) !== self::lengthOf($column, $forms[$id])) {
                throw new Fault(44, $column->descriptor + 12);
            }
        }
    }

    private static function lengthOf(Column $column, Form $form): int
    {
        if ($form->isRecords || $form->isDictionary && $column->width === 0) {
            return $column->count * $column->parameter;
        }
        $length = $column->count * $column->width;
        if ($form->isDictionary && $column->count > 0 && strlen($column->data) >= $length) {
            $length += $column->lastEnd();
        }
        return $length;
    }

    /**
     * Judges the lengths of keys or texts; returns their sum.
     *
     * @param list<int> $prefixes what each shares with the one before; none when there are none
     * @throws Fault with this code
     */
    public static function checkLengths(
        int $code, Column $column, int $most, array $prefixes = []
    ): int {
        $start = $total = 0;
        foreach ($column->ends() as $row => $end) {
            $length = $end - $start + ($prefixes[$row] ?? 0);
            if ($end < $start || $length < 1 || $length > $most) {
                throw new Fault($code, $column->width === 0
                    ? $column->descriptor + 2 : $column->start + $row * $column->width);
            }
            $start = $end;
            $total += $length;
        }
        return $total;
    }

    /**
     * The texts of a reply.
     *
     * @return list<string>
     * @throws Fault
     */
    public function texts(): array
    {
        $column = $this->columns[6] ?? null;
        if ($column === null) {
            return [];
        }
        if (self::checkLengths(46, $column, Limits::TEXT_BYTES) > Limits::BATCH_TEXT_BYTES) {
            throw new Fault(47);
        }
        $texts = $column->entries();
        $at = $column->start + $column->count * $column->width;
        foreach ($texts as $text) {
            if (!Bytes::isText($text)) {
                throw new Fault(48, $at);
            }
            $at += strlen($text);
        }
        return $texts;
    }
}
