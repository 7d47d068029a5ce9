<?php

declare(strict_types=1);

namespace Sojourn;

use Sojourn\Exception\InvalidEvent;

/** Where an event came from. An empty text is an absent one. */
final readonly class Context
{
    /** The eight texts, in the order of the protocol. */
    public array $attributes;

    /** Equal for equal contexts, and for no others. */
    public string $key;

    /**
     * @param bool $knownBot the sender knows the visitor to be a bot
     * @throws InvalidEvent
     */
    public function __construct(
        public string $device = '',
        public string $channel = '',
        public string $country = '',
        public string $region = '',
        public string $referrer = '',
        public string $campaignSource = '',
        public string $campaignMedium = '',
        public string $campaignName = '',
        public bool $knownBot = false,
    ) {
        $this->attributes = [
            $device, $channel, $country, $region,
            $referrer, $campaignSource, $campaignMedium, $campaignName,
        ];
        $key = $knownBot ? '1' : '0';
        foreach ($this->attributes as $text) {
            Event::checkText($text);
            $key .= ' ' . strlen($text) . ':' . $text;
        }
        $this->key = $key;
    }
}
