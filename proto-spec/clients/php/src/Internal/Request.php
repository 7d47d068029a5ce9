<?php

declare(strict_types=1);

namespace Sojourn\Internal;

use Sojourn\Answer;
use Sojourn\Exception\SojournException;
use Sojourn\Found;
use Sojourn\Status;
use Sojourn\Wire\ErrorReply;

/**
 * A request on its way:
 *
 *     waiting -> in flight -> done
 *        ^           |
 *        +-----------+ refused for now; no answer in time
 *
 * @internal
 */
final class Request
{
    public bool $isInFlight = false;
    public bool $isDone = false;
    /** When this attempt has lasted too long. */
    public int $attemptEnds = 0;
    public int $sends = 0;
    public int $attempts = 0;
    /** Sends that may have been applied, for all that is known. */
    public int $unanswered = 0;
    /** What the server said last. */
    public ?ErrorReply $refusal = null;
    public Answer|Found|Status|null $result = null;
    public ?SojournException $error = null;

    /** @param int $deadline when the call's time is up */
    public function __construct(
        public readonly int $operation,
        public readonly int $correlation,
        public readonly int $sequence,
        public readonly int $producer,
        public readonly int $events,
        public readonly string $frame,
        public readonly int $deadline,
    ) {
    }
}
