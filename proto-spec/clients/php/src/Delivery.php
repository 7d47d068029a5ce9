<?php

declare(strict_types=1);

namespace Sojourn;

use Sojourn\Exception\SojournException;

/** What became of a batch that was submitted: an answer, or an error. */
final readonly class Delivery
{
    /** @param int $ticket what `submit` gave */
    public function __construct(
        public int $ticket,
        public ?Answer $answer,
        public ?SojournException $error,
    ) {
    }

    /** @throws SojournException */
    public function answer(): Answer
    {
        return $this->answer ?? throw $this->error;
    }
}
