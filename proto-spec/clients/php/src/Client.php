<?php

declare(strict_types=1);

namespace Sojourn;

use Sojourn\Exception\BatchTooLarge;
use Sojourn\Exception\Busy;
use Sojourn\Exception\ClientClosed;
use Sojourn\Exception\EmptyBatch;
use Sojourn\Exception\InvalidArgument;
use Sojourn\Exception\MalformedReply;
use Sojourn\Exception\Refused;
use Sojourn\Exception\SojournException;
use Sojourn\Exception\TimedOut;
use Sojourn\Exception\TransportFailure;
use Sojourn\Exception\UnknownOutcome;
use Sojourn\Exception\Unreachable;
use Sojourn\Exception\UnsupportedVersion;
use Sojourn\Exception\WrongDeployment;
use Sojourn\Internal\Connection;
use Sojourn\Internal\Request;
use Sojourn\Wire\AssignRequest;
use Sojourn\Wire\Encoding;
use Sojourn\Wire\ErrorReply;
use Sojourn\Wire\Fault;
use Sojourn\Wire\Header;
use Sojourn\Wire\Replies;
use Sojourn\Wire\Requests;
use ZMQContext;

/**
 * A client of the sessionizer.
 *
 *     $client = Client::connect('tcp://127.0.0.1:5571');
 *     $events = [new Event($time, Kind::View, 'anna', '/home')];
 *     foreach ($client->assign($events, 1) as $assignment) {
 *         echo $assignment->session?->id, ' ', $assignment->outcomeName(), "\n";
 *     }
 *
 * A call waits for its answer; `submit` and `collect` are for those who want several batches under
 * way at one time. Time passes for the client while one of its functions runs.
 */
final class Client
{
    private const DRAINING = 21;
    private const INCOMPLETE = 25;
    private const ENDPOINT = '~^(?:(?:ipc|inproc)://.+|tcp://.+:(\d{1,5}))$~Ds';
    private const ANY_DEPLOYMENT = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    private ?Connection $connection = null;
    private int $endpoint = 0;
    private readonly ZMQContext $context;

    /** The server was greeted, and answered. */
    private bool $isUp = false;
    /** It is about to stop: what is in flight is still answered, nothing new is sent. */
    private bool $isLeaving = false;
    private int $greeting = 0;
    /** When the greeting has taken too long, or the pause between two connections is over. */
    private int $linkTimer = 0;
    private int $greetingFailures = 0;
    private int $permanentFailures = 0;
    private ?SojournException $linkError = null;
    private ?ServerInfo $server = null;
    private ?string $deployment;
    private bool $isClosed = false;

    /** Nothing is sent before. */
    private int $pausedUntil = 0;
    private int $refusalStreak = 0;

    private int $correlation = 0;
    private int $producer;
    private bool $choosesProducer;
    private int $sequence;
    private ?int $appliedSequence = null;
    /** @var array<int, Request> by correlation, in the order in which they were made */
    private array $requests = [];
    /** @var list<int> correlations of batches that are done and wait to be collected */
    private array $finished = [];

    /** @param list<string> $endpoints */
    private function __construct(
        private readonly array $endpoints,
        private readonly Options $options,
    ) {
        // One of the process: another kind is ended with this object, in whatever order PHP frees
        // objects when a script ends, and hangs when its sockets come later.
        $this->context = new ZMQContext();
        $this->deployment = $options->deploymentBytes();
        $this->choosesProducer = $options->producer === 0;
        $this->producer = $options->producer !== 0 ? $options->producer : self::randomProducer();
        $this->sequence = $options->firstSequence;
    }

    /**
     * Connects, and greets the server.
     *
     * @param string|list<string> $endpoints one, or several: the next one is tried when one does
     *     not answer
     * @throws SojournException
     */
    public static function connect(string|array $endpoints, ?Options $options = null): self
    {
        $endpoints = array_values((array) $endpoints);
        if ($endpoints === []) {
            throw new InvalidArgument('there is no endpoint to connect to');
        }
        foreach ($endpoints as $endpoint) {
            self::checkEndpoint($endpoint);
        }
        $client = new self($endpoints, $options ?? new Options());
        $client->greetFirst();
        return $client;
    }

    /** What the server told that was greeted last. */
    public function server(): ServerInfo
    {
        return $this->server;
    }

    /** Who numbers the batches. */
    public function producer(): int
    {
        return $this->producer;
    }

    /** Number of the next batch. */
    public function nextSequence(): int
    {
        return $this->sequence;
    }

    /** Gives the next batch this number: to send one again that may have been applied. */
    public function setNextSequence(int $sequence): void
    {
        $this->sequence = $sequence;
        $this->choosesProducer = false;
    }

    /** How many batches may be under way at one time. */
    public function credit(): int
    {
        return min($this->options->inFlight, $this->server->credit);
    }

    /** Batches that were submitted and not collected. */
    public function underWay(): int
    {
        return count($this->requests);
    }

    /**
     * Assigns events to sessions.
     *
     * @param Batch|iterable<Event> $events
     * @throws SojournException
     */
    public function assign(Batch|iterable $events, int $property): Answer
    {
        return $this->await($this->start($events, $property));
    }

    /**
     * Sends a batch and does not wait; `collect` gives its answer.
     *
     * @param Batch|iterable<Event> $events
     * @return int a ticket, by which the answer is known again
     * @throws Busy when something must be collected first
     * @throws SojournException
     */
    public function submit(Batch|iterable $events, int $property): int
    {
        return $this->start($events, $property)->correlation;
    }

    /**
     * Takes the next batch that is answered or has failed, in whatever order that happens.
     *
     * @param ?int $milliseconds how long to wait; null as long as it takes
     * @return ?Delivery null when there is none in that time, or nothing is under way
     */
    public function collect(?int $milliseconds = null): ?Delivery
    {
        $until = $milliseconds === null ? PHP_INT_MAX : self::now() + $milliseconds;
        $this->pump();
        while ($this->finished === [] && $this->requests !== [] && self::now() < $until) {
            $this->sleep($until);
            $this->pump();
        }
        $ticket = array_shift($this->finished);
        if ($ticket === null) {
            return null;
        }
        $request = $this->requests[$ticket];
        unset($this->requests[$ticket]);
        return new Delivery($ticket, $request->result, $request->error);
    }

    /**
     * The unfinished sessions of a visitor.
     *
     * @throws SojournException
     */
    public function lookup(string $visitor, int $property): Found
    {
        $size = strlen($visitor);
        if ($size < 1 || $size > Limits::KEY_BYTES) {
            throw new InvalidArgument('a visitor key has 1 to ' . Limits::KEY_BYTES . ' bytes');
        }
        return $this->await(
            $this->request(Header::LOOKUP, Requests::lookup(1, $visitor), $property)
        );
    }

    /**
     * The session with this id, or the one that it was merged into.
     *
     * @param string $id as UUID
     * @throws SojournException
     */
    public function lookupSession(string $id, int $property): Found
    {
        $body = Requests::lookup(2, Uuid::bytes($id));
        return $this->await($this->request(Header::LOOKUP, $body, $property));
    }

    /**
     * What the server counts and measures.
     *
     * @throws SojournException
     */
    public function status(): Status
    {
        return $this->await($this->request(Header::STATUS, '', 0));
    }

    /**
     * A sender for code that meets events one at a time: see `BufferedSender`.
     *
     * @param int $events a batch is sent when it has so many
     * @param int $milliseconds a batch is sent so long after its first event
     * @param ?callable(Event, ?Assignment, ?SojournException): void $onEvent
     * @param ?callable(Revision): void $onRevision
     */
    public function buffered(
        int $property,
        int $events = 1_000,
        int $milliseconds = 50,
        ?callable $onEvent = null,
        ?callable $onRevision = null,
    ): BufferedSender {
        return new BufferedSender(
            $this, $property, $events, $milliseconds, $onEvent, $onRevision
        );
    }

    /** Closes the connection. What is under way fails; it can still be collected. */
    public function close(): void
    {
        foreach ($this->requests as $request) {
            if (!$request->isDone) {
                $this->fail($request, ClientClosed::class, 'the client was closed');
            }
        }
        $this->isClosed = true;
        $this->connection = null;
        $this->isUp = false;
    }

    // ---- Requests

    /** @param Batch|iterable<Event> $events */
    private function start(Batch|iterable $events, int $property): Request
    {
        $this->checkOpen();
        $batch = $events instanceof Batch ? $events : Batch::of($events);
        $count = count($batch);
        if ($count === 0) {
            throw new EmptyBatch('there is no event in the batch');
        }
        if ($count > $this->server->batchEvents) {
            throw new BatchTooLarge(
                "the server takes at most {$this->server->batchEvents} events at once"
            );
        }
        $body = AssignRequest::encode($batch, Encoding::choose($batch));
        if (Header::BYTES + strlen($body) > $this->server->messageBytes) {
            throw new BatchTooLarge(
                "the server takes at most {$this->server->messageBytes} bytes at once"
            );
        }
        $this->pump();
        $this->checkNumber();
        return $this->request(Header::ASSIGN, $body, $property, $count);
    }

    private function request(int $operation, string $body, int $property, int $events = 0): Request
    {
        $this->checkOpen();
        if ($property < 0 || $property > 0xFFFFFFFF) {
            throw new InvalidArgument("a property is a number of 32 bits; this is $property");
        }
        if (count($this->requests) >= $this->credit()) {
            throw new Busy(count($this->requests) . ' requests are under way; collect one first');
        }
        $isBatch = $operation === Header::ASSIGN;
        $header = new Header(
            $operation, ++$this->correlation, $isBatch ? $this->producer : 0,
            $isBatch ? $this->sequence++ : 0, $this->options->attemptTimeout, $property,
            substr($this->deployment, 8),
        );
        $request = new Request(
            $operation, $header->correlation, $header->sequence, $header->producer, $events,
            $header->seal($body), self::now() + $this->options->timeout,
        );
        $this->requests[$request->correlation] = $request;
        $this->pump();
        return $request;
    }

    /** Waits for one request, which is not for `collect` then. */
    private function await(Request $request): Answer|Found|Status
    {
        while (!$request->isDone) {
            $this->sleep($request->deadline);
            $this->pump();
        }
        unset($this->requests[$request->correlation]);
        $this->finished = array_values(array_diff($this->finished, [$request->correlation]));
        return $request->result ?? throw $request->error;
    }

    private function checkOpen(): void
    {
        if ($this->isClosed) {
            throw new ClientClosed('the client is closed');
        }
    }

    /**
     * A server remembers so many batches behind its highest, and takes so many beyond it: a batch
     * that may have to be sent again must not fall out of that window, and batches that were
     * refused, which leave holes, must not carry the numbers beyond it.
     */
    private function checkNumber(): void
    {
        $window = $this->server->producerWindow;
        $hasUnsettled = false;
        foreach ($this->requests as $request) {
            if ($request->isDone || $request->operation !== Header::ASSIGN) {
                continue;
            }
            $hasUnsettled = true;
            if ($this->sequence - $request->sequence >= $window) {
                throw new Busy('an earlier batch must be settled first');
            }
        }
        if (!$this->choosesProducer || $this->appliedSequence === null
            || $this->sequence <= $this->appliedSequence + $window) {
            return;
        }
        if ($hasUnsettled) {
            throw new Busy('an earlier batch must be settled first');
        }
        $this->producer = self::randomProducer();
        $this->sequence = 1;
        $this->appliedSequence = null;
    }

    // ---- Ends of requests

    private function finish(Request $request): void
    {
        $request->isInFlight = false;
        $request->isDone = true;
        if ($request->operation === Header::ASSIGN) {
            $this->finished[] = $request->correlation;
        }
    }

    /** @param class-string<SojournException> $class */
    private function fail(Request $request, string $class, string $message): void
    {
        $refusal = $request->refusal;
        $request->error = new $class(
            $message, $request->operation === Header::ASSIGN && $request->unanswered > 0,
            $refusal?->code, $refusal?->offset, $refusal->retryAfter ?? 0, $request->sends,
        );
        $this->finish($request);
    }

    /** Ends a request without an answer. */
    private function giveUp(Request $request): void
    {
        $where = $this->endpoints[$this->endpoint];
        $refusal = $request->refusal;
        if ($request->operation === Header::ASSIGN && $request->unanswered > 0) {
            $said = $refusal === null ? '' : "; the last attempt was refused: $refusal->message";
            $this->fail($request, UnknownOutcome::class, "no answer from $where to a batch that "
                . "was sent $request->sends times; it was applied once or not at all$said");
        } elseif ($refusal !== null && $request->unanswered === 0) {
            $name = Names::errorCode($refusal->code);
            $this->fail(
                $request, self::refusalClass($refusal), "$where refused: $refusal->message ($name)"
            );
        } elseif ($request->sends > 0) {
            $this->fail($request, TimedOut::class, "no answer from $where");
        } elseif ($this->linkError !== null) {
            $this->fail($request, $this->linkError::class, $this->linkError->getMessage());
        } else {
            $this->fail($request, Unreachable::class, "no server answered; last tried: $where");
        }
    }

    /** @return class-string<SojournException> */
    private static function refusalClass(ErrorReply $refusal): string
    {
        return match ($refusal->code) {
            4 => UnsupportedVersion::class,
            13 => WrongDeployment::class,
            default => Refused::class,
        };
    }

    /** One more attempt of this request is over. */
    private function endAttempt(Request $request): void
    {
        $request->isInFlight = false;
        if ($request->attempts >= $this->options->attempts) {
            $this->giveUp($request);
        }
    }

    // ---- Link

    private static function checkEndpoint(mixed $endpoint): void
    {
        $isGood = is_string($endpoint)
            && preg_match(self::ENDPOINT, $endpoint, $part) === 1
            && (!isset($part[1]) || $part[1] >= 1 && $part[1] <= 65_535);
        if (!$isGood) {
            throw new InvalidArgument(
                (is_string($endpoint) ? $endpoint : get_debug_type($endpoint))
                . ' is no endpoint; one looks like tcp://127.0.0.1:5571'
            );
        }
    }

    private function greetFirst(): void
    {
        $deadline = self::now() + $this->options->timeout;
        $tries = max($this->options->attempts, count($this->endpoints));
        $this->greet(0);
        $this->pump();
        while (!$this->isUp) {
            $isOver = self::now() >= $deadline || $this->greetingFailures >= $tries
                || $this->permanentFailures >= count($this->endpoints);
            if ($isOver) {
                $this->connection = null;
                throw $this->linkError ?? new Unreachable('no answer from '
                    . $this->endpoints[$this->endpoint] . '; is a server running there?');
            }
            $this->sleep($deadline);
            $this->pump();
        }
    }

    /** Opens a connection to this endpoint, and greets the server there. */
    private function greet(int $endpoint): void
    {
        $this->endpoint = $endpoint;
        $this->isUp = $this->isLeaving = false;
        $this->linkTimer = self::now() + $this->options->attemptTimeout;
        // The socket before is closed first.
        $this->connection = null;
        try {
            $this->connection = new Connection(
                $this->context, $this->endpoints[$endpoint], $this->options
            );
        } catch (TransportFailure $error) {
            $this->greetingFailed($error, true);
            return;
        }
        $this->greeting = ++$this->correlation;
        $body = Requests::hello(
            Header::VERSION, Header::VERSION, 0, $this->deployment ?? self::ANY_DEPLOYMENT,
            $this->options->name
        );
        $this->connection->send((new Header(Header::HELLO, $this->greeting))->seal($body));
    }

    private function greetingFailed(SojournException $error, bool $isPermanent): void
    {
        $this->linkError = $error;
        $this->greetingFailures++;
        $this->permanentFailures = $isPermanent ? $this->permanentFailures + 1 : 0;
        $this->connection = null;
        foreach ($this->requests as $request) {
            if (!$request->isDone) {
                $request->attempts++;
                $this->endAttempt($request);
            }
        }
        // When all have been tried there is a pause.
        $rounds = intdiv($this->greetingFailures, count($this->endpoints));
        $isRound = $this->greetingFailures % count($this->endpoints) === 0;
        $pause = $isRound ? 50 << min($rounds, 5) : 0;
        $this->linkTimer = max(self::now() + $pause, $this->pausedUntil);
    }

    /** The connection is dead: another, to the next endpoint, and everything is sent again. */
    private function loseLink(): void
    {
        foreach ($this->requests as $request) {
            if ($request->isInFlight) {
                $this->endAttempt($request);
            }
        }
        $this->greet($this->nextEndpoint());
    }

    private function nextEndpoint(): int
    {
        return ($this->endpoint + 1) % count($this->endpoints);
    }

    private function greeted(Header $header, string $frame): void
    {
        $where = $this->endpoints[$this->endpoint];
        try {
            if ($header->operation === Header::ERROR) {
                $this->greetingRefused(Replies::error($frame));
                return;
            }
            $server = Replies::hello($frame);
        } catch (Fault $fault) {
            $this->greetingFailed(new MalformedReply(
                "$where does not speak the protocol: {$fault->getMessage()}",
                serverCode: $fault->fault, offset: $fault->offset,
            ), true);
            return;
        }
        if ($server->version !== Header::VERSION) {
            $this->greetingFailed(
                new UnsupportedVersion("$where chose version $server->version"), true
            );
        } elseif ($server->deployment !== ($this->deployment ?? $server->deployment)) {
            $this->greetingFailed(
                new WrongDeployment("$where belongs to another deployment"), true
            );
        } else {
            $this->server = $server;
            $this->deployment = $server->deployment;
            $this->isUp = true;
            $this->greetingFailures = $this->permanentFailures = 0;
            $this->linkError = null;
        }
    }

    private function greetingRefused(ErrorReply $refusal): void
    {
        $class = self::refusalClass($refusal);
        if ($refusal->isRetriable) {
            $this->pausedUntil = self::now() + $refusal->retryAfter;
        }
        $this->greetingFailed(new $class(
            "{$this->endpoints[$this->endpoint]} refused: $refusal->message",
            serverCode: $refusal->code, offset: $refusal->offset,
            retryAfterMilliseconds: $refusal->retryAfter,
        ), !$refusal->isRetriable);
    }

    // ---- What happens

    /** Does all that can be done now. */
    private function pump(): void
    {
        if ($this->isClosed) {
            return;
        }
        while (($frame = $this->connection?->receive()) !== null) {
            $this->receive($frame);
        }
        $this->tick();
        $this->sendAll();
    }

    /** What cannot be read, or was not asked for, is ignored: the time-out settles it. */
    private function receive(string $frame): void
    {
        try {
            $header = Header::open($frame);
        } catch (Fault) {
            return;
        }
        if (!$this->isUp) {
            if ($header->correlation === $this->greeting
                && in_array($header->operation, [Header::HELLO, Header::ERROR], true)) {
                $this->greeted($header, $frame);
            }
            return;
        }
        $request = $this->requests[$header->correlation] ?? null;
        if ($request === null || !$request->isInFlight) {
            return;
        }
        try {
            if ($header->operation === Header::ERROR) {
                $this->refused($request, Replies::error($frame));
            } elseif ($header->operation === $request->operation) {
                $this->answered($request, $header, $frame);
            }
        } catch (Fault $fault) {
            $request->refusal = null;
            $request->error = new MalformedReply(
                "{$this->endpoints[$this->endpoint]} sent a reply that breaks the protocol: "
                . $fault->getMessage(),
                $request->operation === Header::ASSIGN, $fault->fault, $fault->offset, 0,
                $request->sends,
            );
            $this->finish($request);
        }
    }

    private function answered(Request $request, Header $header, string $frame): void
    {
        $this->refusalStreak = 0;
        $result = match ($request->operation) {
            Header::ASSIGN => Replies::assign($frame, $header),
            Header::LOOKUP => Replies::lookup($frame),
            Header::STATUS => Replies::status($frame),
        };
        if ($result instanceof Answer) {
            if (count($result) !== $request->events) {
                throw new Fault(32, Header::BYTES);
            }
            if ($request->producer === $this->producer) {
                $this->appliedSequence = max($this->appliedSequence ?? 0, $request->sequence);
            }
        }
        $request->result = $result;
        $this->finish($request);
    }

    private function refused(Request $request, ErrorReply $refusal): void
    {
        $request->refusal = $refusal;
        // What may have been applied in part says no more than silence.
        if ($refusal->code !== self::INCOMPLETE) {
            $request->unanswered--;
        }
        $request->attempts--;
        $now = self::now();
        $pause = $refusal->isRetriable ? $this->pauseAfter($refusal) : 0;
        if (!$refusal->isRetriable || $now + $pause >= $request->deadline) {
            $this->giveUp($request);
            return;
        }
        $request->isInFlight = false;
        $this->pausedUntil = max($this->pausedUntil, $now + $pause);
        if ($refusal->code === self::DRAINING && count($this->endpoints) > 1) {
            $this->isLeaving = true;
        }
    }

    /** What the server asks for, else 10 ms and longer from refusal to refusal. */
    private function pauseAfter(ErrorReply $refusal): int
    {
        $this->refusalStreak++;
        if ($refusal->retryAfter > 0) {
            return $refusal->retryAfter;
        }
        if ($refusal->code === self::DRAINING && $this->refusalStreak < count($this->endpoints)) {
            return 0;
        }
        return 10 << min($this->refusalStreak - 1, 6);
    }

    private function tick(): void
    {
        $now = self::now();
        $isDead = $this->isLeaving && $this->inFlight() === 0;
        foreach ($this->requests as $request) {
            if ($request->isDone) {
                continue;
            }
            $isDead = $isDead || $request->isInFlight && $request->attemptEnds <= $now;
            if ($request->deadline <= $now) {
                $this->giveUp($request);
            }
        }
        if ($isDead && $this->isUp) {
            $this->loseLink();
        } elseif (!$this->isUp && $this->linkTimer <= $now) {
            if ($this->connection === null) {
                $this->greet($this->nextEndpoint());
            } else {
                $this->greetingFailed(new Unreachable(
                    "no answer from {$this->endpoints[$this->endpoint]} within "
                    . "{$this->options->attemptTimeout} ms; is a server running there?"
                ), false);
            }
        }
    }

    private function sendAll(): void
    {
        $now = self::now();
        if (!$this->isUp || $this->isLeaving || $this->pausedUntil > $now) {
            return;
        }
        $inFlight = $this->inFlight();
        foreach ($this->requests as $request) {
            if ($request->isDone || $request->isInFlight) {
                continue;
            }
            if ($inFlight >= $this->server->credit || !$this->connection->send($request->frame)) {
                return;
            }
            $inFlight++;
            $request->isInFlight = true;
            $request->attemptEnds = $now + $this->options->attemptTimeout;
            $request->sends++;
            $request->unanswered++;
            $request->attempts++;
        }
    }

    private function inFlight(): int
    {
        $inFlight = 0;
        foreach ($this->requests as $request) {
            $inFlight += $request->isInFlight ? 1 : 0;
        }
        return $inFlight;
    }

    /** Sleeps until something comes, or is due, or until this time. */
    private function sleep(int $until): void
    {
        if (!$this->isUp) {
            $until = min($until, $this->linkTimer);
        }
        $isWaiting = false;
        foreach ($this->requests as $request) {
            if (!$request->isDone) {
                $until = min($until, $request->deadline);
                $until = $request->isInFlight ? min($until, $request->attemptEnds) : $until;
                $isWaiting = $isWaiting || !$request->isInFlight;
            }
        }
        $now = self::now();
        if ($isWaiting && $this->isUp) {
            // Paused by the server; or the socket is full, which is looked at again soon.
            $until = min($until, $this->pausedUntil > $now ? $this->pausedUntil : $now + 5);
        }
        $wait = max(0, min($until - $now, 60_000));
        if ($this->connection !== null) {
            $this->connection->wait($wait);
        } else {
            usleep($wait * 1_000);
        }
    }

    private static function now(): int
    {
        return intdiv(hrtime(true), 1_000_000);
    }

    private static function randomProducer(): int
    {
        do {
            $producer = unpack('P', random_bytes(8))[1];
        } while ($producer === 0);
        return $producer;
    }
}
