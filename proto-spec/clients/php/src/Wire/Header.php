<?php

declare(strict_types=1);

namespace Sojourn\Wire;

use Sojourn\Limits;

/** The header of a frame. Numbers of 64 bits are as PHP has them: large ones are negative. */
final readonly class Header
{
    public const BYTES = 64;
    public const VERSION = 1;
    public const HELLO = 1;
    public const ASSIGN = 2;
    public const LOOKUP = 3;
    public const STATUS = 4;
    public const ERROR = 5;
    private const REPLY = 1;

    /** @param string $deployment the tag: last 8 bytes of the deployment id */
    public function __construct(
        public int $operation,
        public int $correlation,
        public int $producer = 0,
        public int $sequence = 0,
        public int $deadline = 0,
        public int $property = 0,
        public string $deployment = "\0\0\0\0\0\0\0\0",
        public int $flags = 0,
        public int $version = self::VERSION,
    ) {
    }

    /** The frame of this header and a body. */
    public function seal(string $body): string
    {
        $header = pack(
            'a4CCvPPPVV', 'SOJN', $this->version, $this->operation, $this->flags,
            $this->correlation, $this->producer, $this->sequence, $this->deadline, $this->property
        ) . strrev($this->deployment) . pack('V', strlen($body)) . Bytes::checksum($body)
            . "\0\0\0\0";
        return $header . Bytes::checksum($header) . $body;
    }

    /**
     * Judges a header, and what it promises of the body. A reply may be larger than a request.
     *
     * @throws Fault
     */
    public static function open(string $frame, bool $isReply = true): self
    {
        if (strlen($frame) < self::BYTES) {
            throw new Fault(2);
        }
        $field = unpack(
            'a4magic/Cversion/Coperation/vflags/Pcorrelation/Pproducer/Psequence/Vdeadline/'
            . 'Vproperty/a8deployment/Vlength/a4checksum/Vreserved/a4sum', $frame
        );
        $isFlagged = ($field['flags'] & self::REPLY) !== 0;
        $operation = $field['operation'];
        match (true) {
            $field['magic'] !== 'SOJN' => throw new Fault(3),
            $field['version'] !== self::VERSION => throw new Fault(4, 4),
            substr($frame, 60, 4) !== Bytes::checksum(substr($frame, 0, 60)) =>
                throw new Fault(5, 60),
            $isFlagged !== $isReply || !$isReply && $operation === self::ERROR =>
                throw new Fault(6),
            $operation < self::HELLO || $operation > self::ERROR => throw new Fault(7, 5),
            $field['flags'] > self::REPLY => throw new Fault(8, 6),
            $field['reserved'] !== 0 => throw new Fault(9, 56),
            !$isReply && strlen($frame) > Limits::MESSAGE_BYTES => throw new Fault(10),
            $field['length'] !== strlen($frame) - self::BYTES => throw new Fault(11, 48),
            substr($frame, 52, 4) !== Bytes::checksum(substr($frame, self::BYTES)) =>
                throw new Fault(12, 52),
            default => null,
        };
        return new self(
            $operation, $field['correlation'], $field['producer'], $field['sequence'],
            $field['deadline'], $field['property'], strrev(substr($frame, 40, 8)), $field['flags']
        );
    }
}
