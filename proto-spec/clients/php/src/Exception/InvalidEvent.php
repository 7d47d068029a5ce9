<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * An event cannot be sent as it is. Nothing was sent.
 */
final class InvalidEvent extends SojournException
{
    public const KIND = 'invalidEvent';
}
