<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * The server refused, and said why.
 */
final class Refused extends SojournException
{
    public const KIND = 'refused';
}
