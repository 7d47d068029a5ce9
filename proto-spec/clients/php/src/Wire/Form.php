<?php

declare(strict_types=1);

namespace Sojourn\Wire;

/** What a column of some message may look like. */
final readonly class Form
{
    /**
     * @param list<int> $widths that it may have
     * @param int $recordBytes of records: at least so many
     */
    private function __construct(
        public int $column,
        public array $widths,
        public bool $isDictionary = false,
        public bool $isRecords = false,
        public bool $hasParameter = false,
        public bool $isCells = false,
        public int $recordBytes = 0,
    ) {
    }

    public static function integers(int $column, int ...$widths): self
    {
        return new self($column, $widths);
    }

    public static function index(int $column): self
    {
        return new self($column, [1, 2, 4]);
    }

    public static function scaled(int $column): self
    {
        return new self($column, [1, 2, 4, 8], hasParameter: true);
    }

    public static function cells(int $column): self
    {
        return new self($column, [1, 2, 4], hasParameter: true, isCells: true);
    }

    public static function dictionary(int $column): self
    {
        return new self($column, [0, 2, 4], isDictionary: true);
    }

    public static function records(int $column, int $bytes): self
    {
        return new self($column, [0], isRecords: true, hasParameter: true, recordBytes: $bytes);
    }
}
