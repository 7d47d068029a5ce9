<?php

declare(strict_types=1);

namespace Sojourn\Wire;

/** Bodies of the requests without columns. */
final class Requests
{
    /** @param string $deployment 16 bytes, zeros for any */
    public static function hello(
        int $lowest, int $highest, int $features, string $deployment, string $name
    ): string {
        return pack('CCvV', $lowest, $highest, strlen($name), $features) . $deployment . $name;
    }

    /** @param int $by 1: a visitor key, 2: the bytes of a session id */
    public static function lookup(int $by, string $key): string
    {
        return pack('CCvV', $by, 0, strlen($key), 0) . $key;
    }
}
