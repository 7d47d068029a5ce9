<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * There is nothing in the batch.
 */
final class EmptyBatch extends SojournException
{
    public const KIND = 'emptyBatch';
}
