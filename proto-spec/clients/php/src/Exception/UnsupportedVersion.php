<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * Client and server have no version of the protocol in common.
 */
final class UnsupportedVersion extends SojournException
{
    public const KIND = 'unsupportedVersion';
}
