<?php

declare(strict_types=1);

namespace Sojourn;

/** A correction of earlier answers: the session `from` is now part of the session `into`. */
final readonly class Revision
{
    public function __construct(
        public int $number,
        public string $from,
        public string $into,
        public int $cause,
        public int $partition,
    ) {
    }

    public function causeName(): string
    {
        return Names::cause($this->cause);
    }
}
