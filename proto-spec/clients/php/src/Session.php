<?php

declare(strict_types=1);

namespace Sojourn;

/** A session that a batch touched, as it stood after the whole batch. */
final readonly class Session
{
    /**
     * @param int $start time of its first event, in milliseconds since the Unix epoch
     * @param int $ordinal this is the visitor's n-th session
     * @param int $boundary why it began; see boundaryName
     * @param bool $late an event joined it late
     * @param bool $merged it has taken in another session
     * @param bool $automated it is that of a bot
     * @param bool $ended an `end` closed it
     */
    public function __construct(
        public string $id,
        public int $start,
        public int $ordinal,
        public int $boundary,
        public bool $late,
        public bool $merged,
        public bool $automated,
        public bool $ended,
        public bool $engaged,
    ) {
    }

    public function boundaryName(): string
    {
        return Names::boundary($this->boundary);
    }
}
