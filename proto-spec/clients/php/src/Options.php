<?php

declare(strict_types=1);

namespace Sojourn;

use Sojourn\Exception\CurveUnavailable;
use Sojourn\Exception\InvalidArgument;

/** How a client connects, waits and retries. Times are milliseconds. */
final readonly class Options
{
    /**
     * @param int $timeout longest time of a call, with all its attempts
     * @param int $attemptTimeout how long one attempt, or a greeting, waits before the next
     *     endpoint is tried
     * @param int $attempts how many attempts may remain without an answer
     * @param int $inFlight requests under way at one time, up to 64
     * @param int $producer who numbers the batches, as 64 bits of any sign; 0 takes a random one
     * @param int $firstSequence number of the first batch
     * @param string $name for the server's log, at most 255 bytes
     * @param ?string $deployment UUID, or 32 hexadecimal digits, of the deployment to insist on
     * @param ?string $curveServerKey 40 characters of Z85, like the other two; all or none
     * @throws InvalidArgument
     * @throws CurveUnavailable
     */
    public function __construct(
        public int $timeout = 30_000,
        public int $attemptTimeout = 5_000,
        public int $attempts = 3,
        public int $inFlight = 16,
        public int $producer = 0,
        public int $firstSequence = 1,
        public string $name = 'sojourn-php/0.1.0',
        public ?string $deployment = null,
        public ?string $curveServerKey = null,
        public ?string $curvePublicKey = null,
        public ?string $curveSecretKey = null,
    ) {
        foreach ([$timeout, $attemptTimeout] as $time) {
            self::require($time >= 1 && $time <= 86_400_000, 'a time-out is from 1 ms to a day');
        }
        self::require($attempts >= 1, 'a message must be sent at least once');
        self::require(
            $inFlight >= 1 && $inFlight <= Limits::CREDIT, 'inFlight is from 1 to ' . Limits::CREDIT
        );
        self::require(
            strlen($name) <= Limits::NAME_BYTES && preg_match('//u', $name) === 1,
            'a client\'s name has at most ' . Limits::NAME_BYTES . ' bytes of UTF-8'
        );
        self::require(
            $deployment === null || strlen($this->deploymentBytes() ?? '') === 16,
            'a deployment id has 32 hexadecimal digits'
        );
        $this->checkKeys();
    }

    public function usesCurve(): bool
    {
        return $this->curveServerKey !== null;
    }

    /** The 16 bytes of the deployment id. */
    public function deploymentBytes(): ?string
    {
        $digits = str_replace('-', '', $this->deployment ?? '');
        return preg_match('/^[0-9a-f]{32}$/Di', $digits) === 1 ? (string) hex2bin($digits) : null;
    }

    private function checkKeys(): void
    {
        $keys = [$this->curveServerKey, $this->curvePublicKey, $this->curveSecretKey];
        if ($keys === [null, null, null]) {
            return;
        }
        foreach ($keys as $key) {
            self::require(
                preg_match('/^[0-9a-zA-Z.\-:+=^!\/*?&<>()\[\]{}@%$#]{40}$/D', $key ?? '') === 1,
                'CURVE needs three keys of 40 characters of Z85 each'
            );
        }
        if (!defined('ZMQ::SOCKOPT_CURVE_SERVERKEY')) {
            throw new CurveUnavailable('this build of php-zmq cannot do CURVE');
        }
    }

    private static function require(bool $isGood, string $message): void
    {
        if (!$isGood) {
            throw new InvalidArgument($message);
        }
    }
}
