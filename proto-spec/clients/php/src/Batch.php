<?php

declare(strict_types=1);

namespace Sojourn;

use Countable;
use Sojourn\Exception\BatchTooLarge;
use Sojourn\Exception\InvalidArgument;
use Sojourn\Exception\InvalidEvent;

/** Events that are sent together, as columns. */
final class Batch implements Countable
{
    /** @var list<int> */
    public array $times = [];
    /** One byte an event. */
    public string $kinds = '';
    /** @var list<string> */
    public array $visitors = [];
    /** @var list<string> empty for none */
    public array $names = [];
    /** @var list<?Context> */
    public array $contexts = [];
    /** @var list<int> micro-units */
    public array $values = [];
    /** @var list<int> */
    public array $ids = [];

    /** @param iterable<Event> $events */
    public static function of(iterable $events): self
    {
        $batch = new self();
        foreach ($events as $event) {
            $batch->add($event);
        }
        return $batch;
    }

    /**
     * A batch from whole columns, which is quicker than from single events.
     *
     * @param list<int> $times milliseconds since the Unix epoch
     * @param Kind|list<Kind> $kinds one for all, or one each
     * @param list<string> $visitors
     * @param list<string> $names empty strings for none; no list for none at all
     * @param list<?Context> $contexts
     * @param list<int> $values micro-units
     * @param list<int> $ids
     * @throws InvalidArgument when columns have different numbers of elements
     * @throws InvalidEvent
     */
    public static function ofColumns(
        array $times,
        Kind|array $kinds,
        array $visitors,
        array $names = [],
        array $contexts = [],
        array $values = [],
        array $ids = [],
    ): self {
        $batch = new self();
        $count = count($times);
        $batch->kinds = $kinds instanceof Kind
            ? str_repeat(chr($kinds->value), $count)
            : implode('', array_map(static fn (Kind $kind) => chr($kind->value), $kinds));
        $batch->times = $times;
        $batch->visitors = $visitors;
        $batch->names = $names ?: array_fill(0, $count, '');
        $batch->contexts = $contexts ?: array_fill(0, $count, null);
        $batch->values = $values ?: array_fill(0, $count, 0);
        $batch->ids = $ids ?: array_fill(0, $count, 0);
        $batch->check();
        return $batch;
    }

    /** @throws BatchTooLarge */
    public function add(Event $event): void
    {
        if (count($this->times) >= Limits::BATCH_EVENTS) {
            throw new BatchTooLarge('a batch has at most ' . Limits::BATCH_EVENTS . ' events');
        }
        $this->times[] = $event->time;
        $this->kinds .= chr($event->kind->value);
        $this->visitors[] = $event->visitor;
        $this->names[] = $event->name;
        $this->contexts[] = $event->context;
        $this->values[] = $event->value;
        $this->ids[] = $event->id;
    }

    public function count(): int
    {
        return count($this->times);
    }

    /** Judges columns as `Event` judges single events. */
    private function check(): void
    {
        $count = count($this->times);
        $columns = [$this->visitors, $this->names, $this->contexts, $this->values, $this->ids];
        foreach ($columns as $column) {
            if (count($column) !== $count || strlen($this->kinds) !== $count) {
                throw new InvalidArgument('columns of a batch have the same number of elements');
            }
        }
        if ($count > Limits::BATCH_EVENTS) {
            throw new BatchTooLarge('a batch has at most ' . Limits::BATCH_EVENTS . ' events');
        }
        if ($count > 0 && (min($this->times) < 0 || max($this->times) >= Limits::EVENT_TIME_END)) {
            throw new InvalidEvent("an event's time is from 0 up to 2^48 - 1 ms");
        }
        foreach (array_flip($this->visitors) as $visitor => $_) {
            $size = strlen((string) $visitor);
            if ($size < 1 || $size > Limits::KEY_BYTES) {
                throw new InvalidEvent('a visitor key has 1 to ' . Limits::KEY_BYTES . ' bytes');
            }
        }
        foreach (array_flip($this->names) as $name => $_) {
            Event::checkText((string) $name);
        }
    }
}
