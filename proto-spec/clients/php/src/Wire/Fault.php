<?php

declare(strict_types=1);

namespace Sojourn\Wire;

use RuntimeException;
use Sojourn\Names;

/** What is wrong with the bytes of a message: a code of the protocol, and where. */
final class Fault extends RuntimeException
{
    /** @param ?int $offset byte of the frame */
    public function __construct(public readonly int $fault, public readonly ?int $offset = null)
    {
        parent::__construct(Names::errorCode($fault), $fault);
    }
}
