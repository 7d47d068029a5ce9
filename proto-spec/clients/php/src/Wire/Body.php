<?php

declare(strict_types=1);

namespace Sojourn\Wire;

/** Writes a body: fixed part, directory, columns. */
final class Body
{
    /** @var array<int, array{int, int, int, string}> width, parameter, count and data by column */
    private array $columns = [];

    public function add(int $column, int $width, int $parameter, int $count, string $data): void
    {
        $this->columns[$column] = [$width, $parameter, $count, $data];
    }

    /** @param string $fixed the fixed part; its bytes 4 and 5 become the number of columns */
    public function bytes(string $fixed): string
    {
        ksort($this->columns);
        $count = count($this->columns);
        $directory = $data = '';
        $begin = strlen($fixed) + 16 * $count;
        foreach ($this->columns as $id => [$width, $parameter, $elements, $bytes]) {
            $data .= str_repeat("\0", -($begin + strlen($data)) & 7);
            $directory .= pack(
                'CCvVVV', $id, $width, $parameter, $elements, $begin + strlen($data), strlen($bytes)
            );
            $data .= $bytes;
        }
        return substr($fixed, 0, 4) . pack('v', $count) . substr($fixed, 6) . $directory . $data;
    }
}
