<?php

declare(strict_types=1);

namespace Sojourn;

use Sojourn\Exception\InvalidEvent;

/** One event. It can be sent as it is: what cannot be is refused when it is made. */
final readonly class Event
{
    /**
     * @param int $time milliseconds since the Unix epoch, below 2^48
     * @param string $visitor 1 to 128 bytes of any sort
     * @param string $name page or action, UTF-8 up to 2,048 bytes; empty for none
     * @param int $value micro-units, see Value
     * @param int $id the sender's id of the event, as 64 bits of any sign; 0 for none
     * @throws InvalidEvent
     */
    public function __construct(
        public int $time,
        public Kind $kind,
        public string $visitor,
        public string $name = '',
        public ?Context $context = null,
        public int $value = 0,
        public int $id = 0,
    ) {
        if ($time < 0 || $time >= Limits::EVENT_TIME_END) {
            throw new InvalidEvent("an event's time is from 0 up to 2^48 - 1 ms; this is $time");
        }
        $size = strlen($visitor);
        if ($size < 1 || $size > Limits::KEY_BYTES) {
            throw new InvalidEvent(
                sprintf('a visitor key has 1 to %d bytes; this has %d', Limits::KEY_BYTES, $size)
            );
        }
        self::checkText($name);
    }

    /** @internal */
    public static function checkText(string $text): void
    {
        if (strlen($text) > Limits::TEXT_BYTES) {
            throw new InvalidEvent(sprintf(
                'a text has at most %d bytes; this has %d', Limits::TEXT_BYTES, strlen($text)
            ));
        }
        if (preg_match('//u', $text) !== 1) {
            throw new InvalidEvent('a text is not UTF-8');
        }
    }
}
