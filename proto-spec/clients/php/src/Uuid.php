<?php

declare(strict_types=1);

namespace Sojourn;

use Sojourn\Exception\InvalidArgument;

/** Ids in text form, "01977375-f600-7000-8000-0000ddc0ffee", and as 16 bytes. */
final class Uuid
{
    public static function text(string $bytes): string
    {
        $hex = bin2hex($bytes);
        return substr($hex, 0, 8) . '-' . substr($hex, 8, 4) . '-' . substr($hex, 12, 4) . '-'
            . substr($hex, 16, 4) . '-' . substr($hex, 20);
    }

    /** @throws InvalidArgument */
    public static function bytes(string $text): string
    {
        $form = '/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/Di';
        if (preg_match($form, $text) !== 1) {
            throw new InvalidArgument('this is no UUID: ' . substr($text, 0, 60));
        }
        return (string) hex2bin(str_replace('-', '', $text));
    }
}
