<?php

declare(strict_types=1);

namespace Sojourn;

/** What is known of a visitor, or of a session. */
final readonly class Found
{
    /**
     * @param int $clock the property's clock; PHP_INT_MIN before its first event
     * @param list<FoundSession> $sessions in order of their first event
     */
    public function __construct(public int $clock, public array $sessions)
    {
    }
}
