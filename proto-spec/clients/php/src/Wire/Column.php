<?php

declare(strict_types=1);

namespace Sojourn\Wire;

/** A column that was found in a body. */
final readonly class Column
{
    /** Where its elements begin in the frame. */
    public int $start;

    /** @param int $descriptor where its descriptor begins in the frame */
    public function __construct(
        public int $width,
        public int $parameter,
        public int $count,
        public string $data,
        public int $descriptor,
        int $offset,
    ) {
        $this->start = Header::BYTES + $offset;
    }

    /** @return list<int> */
    public function integers(): array
    {
        return $this->count === 0 ? [] : Bytes::unpack($this->width, $this->data);
    }

    /** @return list<int> */
    public function signedIntegers(): array
    {
        return $this->count === 0 ? [] : Bytes::unpackSigned($this->width, $this->data);
    }

    /** The last of a dictionary's ends, as far as the data goes. */
    public function lastEnd(): int
    {
        $code = $this->width === 2 ? 'v' : 'V';
        return unpack($code, $this->data, ($this->count - 1) * $this->width)[1];
    }

    /** @return list<int> where each entry of a dictionary ends, in its entries */
    public function ends(): array
    {
        if ($this->count === 0) {
            return [];
        }
        if ($this->width === 0) {
            $size = $this->parameter;
            return $size === 0 ? array_fill(0, $this->count, 0)
                : range($size, $size * $this->count, $size);
        }
        return Bytes::unpack($this->width, substr($this->data, 0, $this->count * $this->width));
    }

    /** @return list<string> of a dictionary */
    public function entries(): array
    {
        $entries = [];
        $begin = $this->count * $this->width;
        $start = 0;
        foreach ($this->ends() as $end) {
            $entries[] = substr($this->data, $begin + $start, $end - $start);
            $start = $end;
        }
        return $entries;
    }
}
