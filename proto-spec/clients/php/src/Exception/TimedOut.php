<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * No answer in time; nothing can have been applied.
 */
final class TimedOut extends SojournException
{
    public const KIND = 'timedOut';
}
