<?php

declare(strict_types=1);

namespace Sojourn;

/** What the protocol allows at most. */
final class Limits
{
    public const MESSAGE_BYTES = 4_194_304;
    public const BATCH_EVENTS = 65_535;
    public const ENTRIES = 65_535;
    public const KEY_BYTES = 128;
    public const TEXT_BYTES = 2_048;
    public const BATCH_TEXT_BYTES = 8_388_608;
    public const NAME_BYTES = 255;
    public const COLUMNS = 64;
    public const CREDIT = 64;
    public const EVENT_TIME_END = 1 << 48;
    public const SCALE = 9;
}
