<?php

declare(strict_types=1);

namespace Sojourn;

/** A view on the path of a session. */
final readonly class PathStep
{
    /** @param int $after milliseconds after the session's first event */
    public function __construct(public int $after, public string $page)
    {
    }
}
