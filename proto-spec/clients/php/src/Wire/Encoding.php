<?php

declare(strict_types=1);

namespace Sojourn\Wire;

use Sojourn\Batch;
use Sojourn\Context;
use Sojourn\Exception\BatchTooLarge;
use Sojourn\Limits;

/** How a batch is written: its dictionaries, and which columns there are, how wide. */
final readonly class Encoding
{
    public const TIME = 1;
    public const KIND = 2;
    public const VISITOR = 3;
    public const VISITOR_KEYS = 4;
    public const NAME = 5;
    public const TEXTS = 6;
    public const TEXT_PREFIXES = 7;
    public const CONTEXT = 8;
    public const CONTEXTS = 9;
    public const VALUE = 10;
    public const EVENT_ID = 11;
    private const PREFIX_MAX = 255;

    /** @var list<int> what each text shares with the one before */
    public array $prefixes;

    /**
     * @param array<int, array{int, int}> $columns width and parameter by column
     * @param list<string> $keys
     * @param list<string> $texts
     * @param list<Context> $contexts
     */
    public function __construct(
        public int $baseTime,
        public array $columns,
        public array $keys,
        public array $texts,
        public array $contexts,
    ) {
        $prefixes = [];
        $before = '';
        foreach ($texts as $text) {
            $prefixes[] = strspn($before ^ $text, "\0", 0, self::PREFIX_MAX);
            $before = $text;
        }
        $this->prefixes = $prefixes;
    }

    /**
     * Chooses for a batch of at least one event: the narrowest columns, and none without content.
     *
     * @throws BatchTooLarge
     */
    public static function choose(Batch $batch): self
    {
        $keys = self::distinct($batch->visitors);
        $names = self::distinct($batch->names);
        $contexts = [];
        foreach ($batch->contexts as $context) {
            if ($context !== null) {
                $contexts[$context->key] ??= $context;
            }
        }
        $contexts = array_values($contexts);
        // Names first, so that pages stand beside pages and share prefixes.
        $texts = $names;
        if ($contexts !== []) {
            $all = array_merge($names, ...array_column($contexts, 'attributes'));
            $texts = self::distinct($all);
        }
        self::checkSizes($texts, $contexts);

        $first = min($batch->times);
        $columns = [
            self::TIME => [max($batch->times) - $first <= 0xFFFFFFFF ? 4 : 8, 0],
            self::KIND => [1, 0],
            self::VISITOR => [Bytes::indexWidth(count($keys) - 1), 0],
            self::VISITOR_KEYS => self::dictionary($keys),
        ];
        if ($names !== []) {
            $columns[self::NAME] = [Bytes::indexWidth(count($names)), 0];
        }
        if ($contexts !== []) {
            $columns[self::CONTEXT] = [Bytes::indexWidth(count($contexts)), 0];
            $columns[self::CONTEXTS] = [Bytes::indexWidth(count($texts)), 9];
        }
        if (self::hasAny($batch->values)) {
            $columns[self::VALUE] = self::valueColumn($batch->values);
        }
        if (self::hasAny($batch->ids)) {
            $columns[self::EVENT_ID] = [8, 0];
        }
        $encoding = new self($first, $columns, $keys, $texts, $contexts);
        return $texts === [] ? $encoding : $encoding->withTexts();
    }

    /** With the columns of texts: prefixes are there when they make the message smaller. */
    private function withTexts(): self
    {
        $columns = $this->columns;
        $shared = array_sum($this->prefixes);
        $own = strlen(implode('', $this->texts));
        // A column more costs its bytes, its descriptor, and what aligns the next.
        if ($shared > (count($this->texts) + 7 & ~7) + 16) {
            $columns[self::TEXT_PREFIXES] = [1, 0];
            $own -= $shared;
        }
        $columns[self::TEXTS] = [$own <= 0xFFFF ? 2 : 4, 0];
        return new self($this->baseTime, $columns, $this->keys, $this->texts, $this->contexts);
    }

    /**
     * @param list<string> $values
     * @return list<string> each once, in order of first use, and none that is empty
     */
    private static function distinct(array $values): array
    {
        $index = array_flip($values);
        unset($index['']);
        // PHP makes numbers of keys that look like numbers.
        return array_map(strval(...), array_keys($index));
    }

    /**
     * @param list<string> $texts
     * @param list<Context> $contexts
     */
    private static function checkSizes(array $texts, array $contexts): void
    {
        if (max(count($texts), count($contexts)) > Limits::ENTRIES) {
            throw new BatchTooLarge(
                'a batch has at most ' . Limits::ENTRIES . ' texts, and as many contexts'
            );
        }
        if (strlen(implode('', $texts)) > Limits::BATCH_TEXT_BYTES) {
            throw new BatchTooLarge(
                'the texts of a batch have at most ' . Limits::BATCH_TEXT_BYTES . ' bytes'
            );
        }
    }

    /** @param list<int> $values */
    private static function hasAny(array $values): bool
    {
        return $values !== [] && (max($values) !== 0 || min($values) !== 0);
    }

    /**
     * @param list<string> $entries
     * @return array{int, int}
     */
    private static function dictionary(array $entries): array
    {
        $sizes = array_map(strlen(...), $entries);
        if (min($sizes) === max($sizes)) {
            return [0, $sizes[0]];
        }
        return [array_sum($sizes) <= 0xFFFF ? 2 : 4, 0];
    }

    /**
     * The narrowest width, and the smallest scale that allows it.
     *
     * @param list<int> $values
     * @return array{int, int}
     */
    private static function valueColumn(array $values): array
    {
        $scaleMax = Limits::SCALE;
        foreach ($values as $value) {
            while ($value % 10 ** $scaleMax !== 0) {
                $scaleMax--;
            }
        }
        $least = min($values);
        $greatest = max($values);
        $best = [self::signedWidth($least, $greatest), 0];
        for ($scale = 1; $scale <= $scaleMax; $scale++) {
            $power = 10 ** $scale;
            $width = self::signedWidth(intdiv($least, $power), intdiv($greatest, $power));
            if ($width < $best[0]) {
                $best = [$width, $scale];
            }
        }
        return $best;
    }

    private static function signedWidth(int $least, int $greatest): int
    {
        foreach ([1, 2, 4] as $width) {
            $half = 1 << 8 * $width - 1;
            if ($least >= -$half && $greatest < $half) {
                return $width;
            }
        }
        return 8;
    }
}
