<?php

declare(strict_types=1);

namespace Sojourn\Conformance;

use Sojourn\Names;
use Sojourn\Session;
use Sojourn\Wire\Bytes;
use Sojourn\Wire\Header;

/** Between the golden messages' form and that of the client. */
final class Json
{
    public const OPERATIONS = [
        'HELLO' => 1, 'ASSIGN' => 2, 'LOOKUP' => 3, 'STATUS' => 4, 'ERROR' => 5,
    ];
    public const COLUMNS = [
        'time' => 1, 'kind' => 2, 'visitor' => 3, 'visitorKeys' => 4, 'name' => 5, 'texts' => 6,
        'textPrefixes' => 7, 'context' => 8, 'contexts' => 9, 'value' => 10, 'eventID' => 11,
        'sessionID' => 32, 'sessionShift' => 33, 'ordinal' => 34, 'sessionState' => 35,
        'session' => 36, 'position' => 37, 'outcome' => 38, 'revisionNumber' => 39,
        'revisionFrom' => 40, 'revisionInto' => 41, 'revisionCause' => 42,
        'revisionPartition' => 43, 'sessions' => 64, 'path' => 65, 'gauges' => 96,
    ];
    public const ATTRIBUTES = [
        'device', 'channel', 'country', 'region', 'referrer', 'campaignSource', 'campaignMedium',
        'campaignName',
    ];

    /** A number of 64 bits, with or without a sign. */
    public static function integer(string $digits): int
    {
        $half = '9223372036854775807';
        if ($digits[0] === '-' || strlen($digits) < 19
            || strlen($digits) === 19 && strcmp($digits, $half) <= 0) {
            return (int) $digits;
        }
        // Above the half: 2^64 less, in two steps that fit.
        $high = (int) substr($digits, 0, 10);
        $low = (int) substr($digits, 10);
        $power = 10 ** (strlen($digits) - 10);
        $wrapped = 0;
        for ($bit = 62; $bit >= 0; $bit--) {
            $wrapped = self::add($wrapped, $wrapped);
            $wrapped = ($high >> $bit & 1) === 1 ? self::add($wrapped, $power) : $wrapped;
        }
        return self::add($wrapped, $low);
    }

    /** The sum around the end of 64 bits. */
    public static function add(int $one, int $other): int
    {
        $low = ($one & 0xFFFFFFFF) + ($other & 0xFFFFFFFF);
        $high = ($one >> 32) + ($other >> 32) + ($low >> 32);
        return ($high & 0xFFFFFFFF) << 32 | $low & 0xFFFFFFFF;
    }

    public static function header(array $json): Header
    {
        return new Header(
            self::OPERATIONS[$json['operation']], self::integer($json['correlation']),
            self::integer($json['producer']), self::integer($json['sequence']), $json['deadline'],
            $json['property'], pack('J', self::integer($json['deployment'])), $json['flags'],
            $json['version'],
        );
    }

    public static function ofHeader(Header $header): array
    {
        return [
            'version' => $header->version,
            'operation' => array_search($header->operation, self::OPERATIONS, true),
            'flags' => $header->flags,
            'correlation' => Bytes::decimal($header->correlation),
            'producer' => Bytes::decimal($header->producer),
            'sequence' => Bytes::decimal($header->sequence),
            'deadline' => $header->deadline,
            'property' => $header->property,
            'deployment' => Bytes::decimal(unpack('J', $header->deployment)[1]),
        ];
    }

    public static function ofState(Session $session): array
    {
        return [
            'boundary' => $session->boundaryName(), 'late' => $session->late,
            'merged' => $session->merged, 'automated' => $session->automated,
            'ended' => $session->ended, 'engaged' => $session->engaged,
        ];
    }

    public static function state(array $json): int
    {
        return array_search($json['boundary'], Names::BOUNDARIES, true) | ($json['late'] ? 8 : 0)
            | ($json['merged'] ? 16 : 0) | ($json['automated'] ? 32 : 0)
            | ($json['ended'] ? 64 : 0) | ($json['engaged'] ? 128 : 0);
    }
}
