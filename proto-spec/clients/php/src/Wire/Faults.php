<?php

declare(strict_types=1);

namespace Sojourn\Wire;

/** Collects faults: the one with the lowest code counts, and of that the lowest offset. */
final class Faults
{
    private ?Fault $lowest = null;

    public function add(int $code, ?int $offset = null): void
    {
        $lowest = $this->lowest;
        if ($lowest === null || [$code, $offset ?? -1] < [$lowest->fault, $lowest->offset ?? -1]) {
            $this->lowest = new Fault($code, $offset);
        }
    }

    /** @throws Fault */
    public function throw(): void
    {
        if ($this->lowest !== null) {
            throw $this->lowest;
        }
    }
}
