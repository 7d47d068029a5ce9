<?php

declare(strict_types=1);

namespace Sojourn\Tests;

/** A server in a process of its own. */
final class Server
{
    /** @var resource */
    private $process;
    /** @var array<int, resource> */
    private array $pipes = [];
    public readonly string $endpoint;

    /** @param list<string> $command */
    private function __construct(array $command, ?string $endpoint)
    {
        $this->process = proc_open(
            $command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $this->pipes
        );
        $this->endpoint = $endpoint ?? trim(fgets($this->pipes[1]));
    }

    /** One that misbehaves: see fake_server.php. */
    public static function fake(array $options = []): self
    {
        $command = [PHP_BINARY, __DIR__ . '/fake_server.php', json_encode((object) $options)];
        return new self($command, null);
    }

    public static function real(string $program): self
    {
        $probe = stream_socket_server('tcp://127.0.0.1:0');
        $endpoint = 'tcp://' . stream_socket_get_name($probe, false);
        fclose($probe);
        return new self(
            [$program, 'serve', '--listen', $endpoint, '--log-level', 'error'], $endpoint
        );
    }

    /** Stops it; returns what a fake one saw. */
    public function stop(): ?array
    {
        fclose($this->pipes[0]);
        $status = proc_get_status($this->process);
        $seen = null;
        if (str_contains($status['command'], 'sojourn')) {
            proc_terminate($this->process);
        } else {
            $seen = json_decode((string) fgets($this->pipes[1]), true);
        }
        proc_close($this->process);
        return $seen;
    }
}
