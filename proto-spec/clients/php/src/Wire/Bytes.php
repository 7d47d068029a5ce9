<?php

declare(strict_types=1);

namespace Sojourn\Wire;

use Sojourn\Session;
use Sojourn\Uuid;

/** Integers, checksums and texts. */
final class Bytes
{
    private const CODES = [1 => 'C*', 2 => 'v*', 4 => 'V*', 8 => 'P*'];

    /** @param list<int> $values of which the low bytes count */
    public static function pack(int $width, array $values): string
    {
        return pack(self::CODES[$width], ...$values);
    }

    /** @return list<int> those of 8 bytes as they stand, so that large ones are negative */
    public static function unpack(int $width, string $bytes): array
    {
        return array_values(unpack(self::CODES[$width], $bytes));
    }

    /** @return list<int> */
    public static function unpackSigned(int $width, string $bytes): array
    {
        $values = self::unpack($width, $bytes);
        if ($width === 8) {
            return $values;
        }
        $half = 1 << 8 * $width - 1;
        return array_map(static fn (int $value) => ($value ^ $half) - $half, $values);
    }

    public static function unsigned32(string $bytes, int $at): int
    {
        return unpack('V', $bytes, $at)[1];
    }

    /** The CRC-32C, as it stands on the wire. */
    public static function checksum(string $bytes): string
    {
        return strrev(hash('crc32c', $bytes, true));
    }

    public static function isText(string $bytes): bool
    {
        return preg_match('//u', $bytes) === 1;
    }

    public static function indexWidth(int $greatest): int
    {
        return $greatest <= 0xFF ? 1 : ($greatest <= 0xFFFF ? 2 : 4);
    }

    /** Decimal digits of 64 bits without a sign. */
    public static function decimal(int $bits): string
    {
        return sprintf('%u', $bits);
    }

    /** Milliseconds that stand in a session id. */
    public static function timeOfId(string $id): int
    {
        return unpack('J', "\0\0" . $id)[1];
    }

    public static function session(string $id, int $start, int $ordinal, int $state): Session
    {
        return new Session(
            Uuid::text($id), $start, $ordinal, $state & 7, ($state & 8) !== 0, ($state & 16) !== 0,
            ($state & 32) !== 0, ($state & 64) !== 0, ($state & 128) !== 0,
        );
    }
}
