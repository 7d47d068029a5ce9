<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * The server answered something that is not the protocol.
 */
final class MalformedReply extends SojournException
{
    public const KIND = 'malformedReply';
}
