<?php

declare(strict_types=1);

/** Runs the golden messages of proto-spec/vectors: `vectors DIRECTORY`. */

use Sojourn\Conformance\Encoder;
use Sojourn\Conformance\Json;
use Sojourn\Conformance\ReplyReader;
use Sojourn\Conformance\RequestDecoder;
use Sojourn\Wire\Fault;
use Sojourn\Wire\Header;

require __DIR__ . '/../autoload.php';
require __DIR__ . '/Json.php';
require __DIR__ . '/RequestDecoder.php';
require __DIR__ . '/ReplyReader.php';
require __DIR__ . '/Encoder.php';

/** Equal but for the order of keys. */
function sorted(mixed $value): mixed
{
    if (!is_array($value)) {
        return $value;
    }
    if (!array_is_list($value)) {
        ksort($value);
    }
    return array_map(sorted(...), $value);
}

function decode(string $frame, bool $isReply): array
{
    $header = Header::open($frame, $isReply);
    return [
        Json::ofHeader($header),
        $isReply ? ReplyReader::decode($frame, $header)
            : RequestDecoder::decode($frame, $header->operation),
    ];
}

/** @return array{bool, bool} encoded, and by the client's own choices */
function encodes(array $message, string $frame, bool $isReply): array
{
    $header = Json::header($message['header']);
    $operation = $message['header']['operation'];
    if ($operation === 'ASSIGN' && !$isReply
        && $header->seal(Encoder::chosenAssign($message['body'])) === $frame) {
        return [true, true];
    }
    $body = Encoder::encode($operation, $isReply, $message['body']);
    return [$header->seal($body) === $frame, $operation !== 'ASSIGN'];
}

ini_set('memory_limit', '1G');
if ($argc !== 2) {
    fwrite(STDERR, "usage: vectors DIRECTORY\n");
    exit(64);
}
$count = array_fill_keys(
    ['encoded', 'decoded', 'valid', 'refused', 'invalid', 'chosen', 'requests'], 0
);
foreach (['valid', 'invalid'] as $part) {
    foreach (glob("$argv[1]/$part/*.json") as $path) {
        $message = json_decode(file_get_contents($path), true, flags: JSON_THROW_ON_ERROR);
        $frame = isset($message['frame']) ? hex2bin($message['frame'])
            : gzuncompress(base64_decode($message['frame_zlib_base64']));
        $isReply = $message['direction'] === 'reply';
        $count[$part]++;
        if ($part === 'invalid') {
            try {
                decode($frame, $isReply);
                echo "FAIL $message[name]: was not refused\n";
            } catch (Fault $fault) {
                $found = $fault->getMessage() . ' at ' . ($fault->offset ?? 'none');
                $wanted = $message['error'] . ' at ' . ($message['offset'] ?? 'none');
                $found === $wanted ? $count['refused']++
                    : print("FAIL $message[name]: refused with $found, not $wanted\n");
            }
            continue;
        }
        $message['body'] ??= json_decode(
            gzuncompress(base64_decode($message['body_zlib_base64'])), true,
            flags: JSON_THROW_ON_ERROR
        );
        try {
            [$isEncoded, $isChosen] = encodes($message, $frame, $isReply);
            $count['encoded'] += (int) $isEncoded;
            $count['chosen'] += (int) (!$isReply && $isChosen);
            $count['requests'] += (int) !$isReply;
            if (!$isEncoded) {
                echo "FAIL $message[name]: encoded to other bytes\n";
            }
            unset($message['body']['encoding']);
            $content = decode($frame, $isReply);
            if (sorted($content) === sorted([$message['header'], $message['body']])) {
                $count['decoded']++;
            } else {
                echo "FAIL $message[name]: decoded to other content\n";
            }
        } catch (Throwable $error) {
            echo "FAIL $message[name]: ", get_class($error), ' ', $error->getMessage(), "\n";
        }
    }
}
fwrite(STDERR, "$count[chosen] of $count[requests] requests have the client's own choices\n");
echo "RESULT valid-encoded $count[encoded]/$count[valid] "
    . "valid-decoded $count[decoded]/$count[valid] "
    . "invalid-refused $count[refused]/$count[invalid]\n";
$isGood = $count['encoded'] === $count['valid'] && $count['decoded'] === $count['valid']
    && $count['refused'] === $count['invalid'] && $count['valid'] > 0;
exit($isGood ? 0 : 1);
