<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * A parameter makes no sense. Nothing was sent.
 */
final class InvalidArgument extends SojournException
{
    public const KIND = 'invalidArgument';
}
