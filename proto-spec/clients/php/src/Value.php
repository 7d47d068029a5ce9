<?php

declare(strict_types=1);

namespace Sojourn;

use Sojourn\Exception\InvalidEvent;

/** Values of events are integers of micro-units: 12.50 is 12500000. */
final class Value
{
    /** @throws InvalidEvent for what is not finite, does not fit, or has more than six decimals */
    public static function ofFloat(float $units): int
    {
        if (!is_finite($units)) {
            throw new InvalidEvent('a value is not a finite number');
        }
        $micro = round($units * 1e6);
        if (abs($micro) >= 9.2233720368547e18) {
            throw new InvalidEvent("a value of $units does not fit");
        }
        if ((int) $micro / 1e6 !== $units) {
            throw new InvalidEvent(sprintf('%.17g has more than six decimals', $units));
        }
        return (int) $micro;
    }

    /** @throws InvalidEvent for what is no decimal number like "-12.50", or does not fit */
    public static function ofText(string $text): int
    {
        if (preg_match('/^([+-]?)(\d*)(?:\.(\d*))?$/D', $text, $part) !== 1
            || ($part[2] ?? '') . ($part[3] ?? '') === '') {
            throw new InvalidEvent('this is no decimal number: ' . substr($text, 0, 40));
        }
        $decimals = rtrim($part[3] ?? '', '0');
        if (strlen($decimals) > 6) {
            throw new InvalidEvent(substr($text, 0, 40) . ' has more than six decimals');
        }
        $digits = ltrim($part[2] . str_pad($decimals, 6, '0'), '0');
        $micro = (int) (($part[1] === '-' ? '-' : '') . ($digits === '' ? '0' : $digits));
        if (ltrim((string) $micro, '-') !== ($digits === '' ? '0' : $digits)) {
            throw new InvalidEvent('a value of ' . substr($text, 0, 40) . ' does not fit');
        }
        return $micro;
    }
}
