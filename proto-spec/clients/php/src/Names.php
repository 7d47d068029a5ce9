<?php

declare(strict_types=1);

namespace Sojourn;

/** Names of the protocol's codes; a code without a name shows as its number. */
final class Names
{
    public const ERRORS = [
        1 => 'badFraming', 2 => 'truncatedHeader', 3 => 'badMagic', 4 => 'unsupportedVersion',
        5 => 'badHeaderChecksum', 6 => 'unexpectedReply', 7 => 'unknownOperation',
        8 => 'unknownFlags', 9 => 'reservedNotZero', 10 => 'messageTooLarge',
        11 => 'badBodyLength', 12 => 'badBodyChecksum', 13 => 'wrongDeployment',
        14 => 'unknownProperty', 15 => 'noArchive', 20 => 'overloaded', 21 => 'draining', 22 => 'deadlineExpired',
        23 => 'journalUnavailable', 24 => 'archiveUnavailable',
        30 => 'truncatedBody', 31 => 'bodyReservedNotZero',
        32 => 'badEventCount',
        33 => 'badColumnCount', 34 => 'badColumnOrder', 35 => 'columnMisaligned',
        36 => 'columnOverlap', 37 => 'columnGap', 38 => 'columnOutOfBounds',
        39 => 'trailingBytes', 40 => 'paddingNotZero', 41 => 'missingColumn',
        42 => 'badColumnWidth', 43 => 'badElementCount', 44 => 'badColumnLength',
        45 => 'badKeyLength', 46 => 'badTextLength', 47 => 'textsTooLarge', 48 => 'badUTF8',
        49 => 'badKind', 50 => 'indexOutOfRange', 51 => 'timeOutOfRange', 52 => 'badScale',
        53 => 'badName', 54 => 'badLookup', 55 => 'badReport', 56 => 'reportTooLong',
        60 => 'sequenceTooOld', 61 => 'sequenceGap',
        62 => 'sequenceReused', 90 => 'internal',
    ];

    public const OUTCOMES = [
        0 => 'new', 1 => 'extended', 2 => 'lateJoined', 3 => 'merged', 4 => 'tooLate',
        5 => 'duplicate', 16 => 'rejectedNoSession', 17 => 'rejectedClockSkew',
        18 => 'rejectedVisitorLimit', 19 => 'rejectedSessionLimit',
    ];

    public const BOUNDARIES = [
        'first', 'idle', 'maxDuration', 'maxEvents', 'campaign', 'midnight', 'explicit',
    ];

    public const CAUSES = [1 => 'bridge'];

    public static function errorCode(int $code): string
    {
        return self::ERRORS[$code] ?? (string) $code;
    }

    public static function outcome(int $code): string
    {
        return self::OUTCOMES[$code] ?? (string) $code;
    }

    public static function boundary(int $code): string
    {
        return self::BOUNDARIES[$code] ?? (string) $code;
    }

    public static function cause(int $code): string
    {
        return self::CAUSES[$code] ?? (string) $code;
    }
}
