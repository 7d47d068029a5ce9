<?php

declare(strict_types=1);

namespace Sojourn;

/** An unfinished session, as a look-up tells it. */
final readonly class FoundSession
{
    /**
     * @param Session $session id, start, ordinal and state
     * @param int $value micro-units
     * @param int $engaged milliseconds
     * @param ?int $boundaryOut why it ended; null while it goes on
     * @param list<PathStep> $path
     * @param int $finishes clock at which it finishes if nothing more comes
     */
    public function __construct(
        public Session $session,
        public int $firstEvent,
        public int $lastEvent,
        public int $value,
        public int $engaged,
        public int $events,
        public int $views,
        public int $actions,
        public int $conversions,
        public ?int $boundaryOut,
        public Context $context,
        public string $landingPage,
        public string $exitPage,
        public array $path,
        public int $finishes,
    ) {
    }
}
