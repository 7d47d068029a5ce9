<?php

declare(strict_types=1);

namespace Sojourn;

/** What sort of event it is. */
enum Kind: int
{
    case View = 1;
    case Action = 2;
    case Conversion = 3;
    case Heartbeat = 4;
    case Start = 5;
    case End = 6;

    /** The kind of this name, "view", or null. */
    public static function named(string $name): ?self
    {
        foreach (self::cases() as $kind) {
            if ($kind->label() === $name) {
                return $kind;
            }
        }
        return null;
    }

    public function label(): string
    {
        return strtolower($this->name);
    }
}
