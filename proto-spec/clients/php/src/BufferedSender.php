<?php

declare(strict_types=1);

namespace Sojourn;

use Closure;
use Sojourn\Exception\ClientClosed;
use Sojourn\Exception\InvalidArgument;
use Sojourn\Exception\SojournException;

/**
 * Gathers single events into batches.
 *
 *     $sender = $client->buffered(1, 1_000, 50, function ($event, $assignment, $error) { ... });
 *     $sender->add(new Event(...));
 *     $sender->close();
 *
 * A batch goes out when it has its number of events, or when its time is up and `add` or `poll` is
 * called. That call waits for the answer, and tells what became of each event.
 */
final class BufferedSender
{
    /** @var list<Event> */
    private array $events = [];
    /** When the batch got its first event, in nanoseconds. */
    private int $begin = 0;
    private bool $isClosed = false;
    private readonly ?Closure $onEvent;
    private readonly ?Closure $onRevision;

    /** @internal see Client::buffered */
    public function __construct(
        private readonly Client $client,
        private readonly int $property,
        private readonly int $eventsMax,
        private readonly int $milliseconds,
        ?callable $onEvent,
        ?callable $onRevision,
    ) {
        if ($eventsMax < 1 || $eventsMax > $client->server()->batchEvents) {
            throw new InvalidArgument("a batch has 1 to {$client->server()->batchEvents} events");
        }
        $this->onEvent = $onEvent === null ? null : $onEvent(...);
        $this->onRevision = $onRevision === null ? null : $onRevision(...);
    }

    /** @throws ClientClosed */
    public function add(Event $event): void
    {
        if ($this->isClosed) {
            throw new ClientClosed('the sender is closed');
        }
        if ($this->events === []) {
            $this->begin = hrtime(true);
        }
        $this->events[] = $event;
        $this->poll();
    }

    /** Sends what is due. */
    public function poll(): void
    {
        $isDue = count($this->events) >= $this->eventsMax
            || hrtime(true) - $this->begin >= $this->milliseconds * 1_000_000;
        if ($this->events !== [] && $isDue) {
            $this->flush();
        }
    }

    /** Sends what was gathered, and tells what became of it. An error goes to the callback. */
    public function flush(): void
    {
        $events = $this->events;
        $this->events = [];
        if ($events === []) {
            return;
        }
        try {
            $answer = $this->client->assign($events, $this->property);
        } catch (SojournException $error) {
            foreach ($events as $event) {
                $this->onEvent?->__invoke($event, null, $error);
            }
            return;
        }
        foreach ($answer as $row => $assignment) {
            $this->onEvent?->__invoke($events[$row], $assignment, null);
        }
        foreach ($answer->revisions as $revision) {
            $this->onRevision?->__invoke($revision);
        }
    }

    /** Flushes, and takes no further events. The client stays open. */
    public function close(): void
    {
        $this->isClosed = true;
        $this->flush();
    }
}
