<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * ZeroMQ or the system refused.
 */
final class TransportFailure extends SojournException
{
    public const KIND = 'transport';
}
