<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * As many requests are under way as may be: collect one first. Nothing was sent.
 */
final class Busy extends SojournException
{
    public const KIND = 'busy';
}
