<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * The client was closed.
 */
final class ClientClosed extends SojournException
{
    public const KIND = 'closed';
}
