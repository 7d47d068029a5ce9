<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * No server answered the greeting. Nothing was applied.
 */
final class Unreachable extends SojournException
{
    public const KIND = 'unreachable';
}
