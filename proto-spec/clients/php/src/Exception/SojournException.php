<?php

declare(strict_types=1);

namespace Sojourn\Exception;

use RuntimeException;
use Sojourn\Names;

/**
 * Why a call failed. There is a subclass for each kind.
 *
 * The one question that a program must ask is whether the events of a failed batch may have been
 * applied all the same.
 */
abstract class SojournException extends RuntimeException
{
    public const KIND = '';

    /** Its kind as a word: "unknownOutcome". */
    public readonly string $kind;

    /** Name of the server's error code, "badKind", or null when there is none. */
    public readonly ?string $serverCodeName;

    /**
     * @param bool $mayHaveBeenApplied the events may have been applied although the call failed
     * @param ?int $serverCode code of the protocol's registry: what the server said, or what is
     *     wrong with a malformed reply
     * @param ?int $offset byte of the frame that offended
     * @param int $retryAfterMilliseconds how long the server asked to wait; 0 for none
     * @param int $sends how many times the request was sent
     */
    public function __construct(
        string $message,
        public readonly bool $mayHaveBeenApplied = false,
        public readonly ?int $serverCode = null,
        public readonly ?int $offset = null,
        public readonly int $retryAfterMilliseconds = 0,
        public readonly int $sends = 0,
    ) {
        parent::__construct($message, $serverCode ?? 0);
        $this->kind = static::KIND;
        $this->serverCodeName = $serverCode === null ? null : Names::errorCode($serverCode);
    }
}
