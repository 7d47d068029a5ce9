<?php

declare(strict_types=1);

namespace Sojourn;

use Countable;
use IteratorAggregate;
use Sojourn\Exception\InvalidArgument;
use Traversable;

/**
 * What the server made of a batch: an assignment for each event, in the order of the events.
 *
 * Whole columns are there for programs that have many events; `foreach` gives assignments.
 *
 * @implements IteratorAggregate<int, Assignment>
 */
final class Answer implements Countable, IteratorAggregate
{
    /** @var array<int, Session> those that were asked for */
    private array $sessions = [];

    /**
     * @param int $clock the property's clock; PHP_INT_MIN before its first event
     * @param list<int> $sessionIndexes per event: row of the session plus one, 0 for none
     * @param list<int> $positions per event: which event of its session it is, from 1; 0 for none
     * @param list<int> $outcomes per event
     * @param string $sessionIds 16 bytes a session
     * @param list<int> $shifts per session: milliseconds of its start before the time in its id
     * @param list<int> $ordinals per session
     * @param list<int> $states per session: boundary and flags
     * @param list<Revision> $revisions
     */
    public function __construct(
        public readonly int $clock,
        public readonly int $producer,
        public readonly int $sequence,
        public readonly array $sessionIndexes,
        public readonly array $positions,
        public readonly array $outcomes,
        public readonly string $sessionIds,
        public readonly array $shifts,
        public readonly array $ordinals,
        public readonly array $states,
        public readonly array $revisions,
    ) {
    }

    public function count(): int
    {
        return count($this->outcomes);
    }

    public function sessionCount(): int
    {
        return count($this->states);
    }

    public function session(int $row): Session
    {
        return $this->sessions[$row] ??= $this->makeSession($row);
    }

    public function assignment(int $event): Assignment
    {
        if (!isset($this->outcomes[$event])) {
            throw new InvalidArgument("the batch has no event $event");
        }
        $index = $this->sessionIndexes[$event];
        return new Assignment(
            $index === 0 ? null : $this->session($index - 1),
            $this->positions[$event],
            $this->outcomes[$event],
        );
    }

    public function getIterator(): Traversable
    {
        foreach ($this->outcomes as $event => $_) {
            yield $event => $this->assignment($event);
        }
    }

    private function makeSession(int $row): Session
    {
        if (!isset($this->states[$row])) {
            throw new InvalidArgument("the answer has no session $row");
        }
        $id = substr($this->sessionIds, 16 * $row, 16);
        $start = Wire\Bytes::timeOfId($id) - ($this->shifts[$row] ?? 0);
        return Wire\Bytes::session($id, (int) $start, $this->ordinals[$row], $this->states[$row]);
    }
}
