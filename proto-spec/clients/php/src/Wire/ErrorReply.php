<?php

declare(strict_types=1);

namespace Sojourn\Wire;

/** An ERROR. */
final readonly class ErrorReply
{
    public function __construct(
        public int $code,
        public bool $isRetriable,
        public int $retryAfter,
        public ?int $offset,
        public int $lowestVersion,
        public int $highestVersion,
        public string $message,
    ) {
    }
}
