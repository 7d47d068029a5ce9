<?php

declare(strict_types=1);

namespace Sojourn\Internal;

use Sojourn\Exception\TransportFailure;
use Sojourn\Options;
use ZMQ;
use ZMQContext;
use ZMQException;
use ZMQPoll;
use ZMQPollException;
use ZMQSocket;

/**
 * A socket to one endpoint.
 *
 * @internal
 */
final class Connection
{
    private readonly ZMQSocket $socket;
    private readonly ZMQPoll $poll;

    /** @throws TransportFailure */
    public function __construct(ZMQContext $context, string $endpoint, Options $options)
    {
        try {
            $this->socket = new ZMQSocket($context, ZMQ::SOCKET_DEALER);
            $this->socket->setSockOpt(ZMQ::SOCKOPT_LINGER, 0);
            $this->socket->setSockOpt(ZMQ::SOCKOPT_RECONNECT_IVL_MAX, 1_000);
            $this->socket->setSockOpt(ZMQ::SOCKOPT_TCP_KEEPALIVE, 1);
            if ($options->usesCurve()) {
                $set = $this->socket->setSockOpt(...);
                $set(ZMQ::SOCKOPT_CURVE_SERVERKEY, $options->curveServerKey);
                $set(ZMQ::SOCKOPT_CURVE_PUBLICKEY, $options->curvePublicKey);
                $set(ZMQ::SOCKOPT_CURVE_SECRETKEY, $options->curveSecretKey);
            }
            $this->socket->connect($endpoint);
        } catch (ZMQException $cause) {
            throw new TransportFailure("cannot connect to $endpoint: " . $cause->getMessage());
        }
        $this->poll = new ZMQPoll();
        $this->poll->add($this->socket, ZMQ::POLL_IN);
    }

    /** False when the socket takes nothing now. */
    public function send(string $frame): bool
    {
        try {
            return $this->socket->send($frame, ZMQ::MODE_DONTWAIT) !== false;
        } catch (ZMQException) {
            return false;
        }
    }

    /** The next message that has one frame; null when there is none now. */
    public function receive(): ?string
    {
        try {
            while (($frames = $this->socket->recvMulti(ZMQ::MODE_DONTWAIT)) !== false) {
                if (count($frames) === 1) {
                    return $frames[0];
                }
            }
        } catch (ZMQException) {
            // Interrupted: the next call sees what there is.
        }
        return null;
    }

    public function wait(int $milliseconds): void
    {
        $readable = $writable = [];
        try {
            $this->poll->poll($readable, $writable, $milliseconds);
        } catch (ZMQPollException) {
            // Interrupted by a signal.
        }
    }
}
