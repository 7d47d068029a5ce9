<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * A batch was sent and its answer never came: it was applied once, or not at all.
 */
final class UnknownOutcome extends SojournException
{
    public const KIND = 'unknownOutcome';
}
