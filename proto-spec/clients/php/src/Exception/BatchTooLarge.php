<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * More than the protocol, or this server, takes at once.
 *
 * A batch is applied as a whole, so it is not split behind its sender's back.
 */
final class BatchTooLarge extends SojournException
{
    public const KIND = 'batchTooLarge';
}
