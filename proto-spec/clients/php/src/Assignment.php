<?php

declare(strict_types=1);

namespace Sojourn;

/** What became of one event. */
final readonly class Assignment
{
    /**
     * @param ?Session $session null for an event that joined none
     * @param int $position which event of its session it is, from 1; 0 for none
     * @param int $outcome see outcomeName
     */
    public function __construct(
        public ?Session $session,
        public int $position,
        public int $outcome,
    ) {
    }

    /** "new", "extended" and so on; the number when this client does not know it. */
    public function outcomeName(): string
    {
        return Names::outcome($this->outcome);
    }
}
