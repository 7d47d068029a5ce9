<?php

declare(strict_types=1);

namespace Sojourn;

/** What a server told in its greeting. */
final readonly class ServerInfo
{
    /**
     * @param string $deployment 16 bytes
     * @param int $serverTime milliseconds since the Unix epoch
     * @param int $credit requests that one client may have in flight
     * @param int $producerWindow batches per producer that are remembered
     * @param int $partitions shares of the visitors that there are; the server has those from
     *     $firstPartition to $lastPartition
     */
    public function __construct(
        public int $version,
        public int $features,
        public string $deployment,
        public int $serverTime,
        public int $messageBytes,
        public int $batchEvents,
        public int $visitorKeyBytes,
        public int $textBytes,
        public int $batchTexts,
        public int $batchContexts,
        public int $credit,
        public int $producerWindow,
        public int $partitions,
        public int $firstPartition,
        public int $lastPartition,
        public string $name,
        public string $serverVersion,
    ) {
    }
}
