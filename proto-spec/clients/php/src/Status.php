<?php

declare(strict_types=1);

namespace Sojourn;

/** What the server counts and measures of itself. */
final readonly class Status
{
    /** @param array<string, int> $gauges by name */
    public function __construct(public int $serverTime, public array $gauges)
    {
    }
}
