<?php

declare(strict_types=1);

namespace Sojourn\Tests;

/** Runs the functions of the files beside it whose names begin with `test`. */

use Closure;
use Throwable;

require __DIR__ . '/../autoload.php';
require __DIR__ . '/Servers.php';

$checks = $failures = 0;

function check(bool $condition, string $what = ''): void
{
    global $checks, $failures;
    $checks++;
    if (!$condition) {
        $failures++;
        $at = debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS, 1)[0];
        echo 'FAIL ', basename($at['file']), ":$at[line] $what\n";
    }
}

/** @param class-string<Throwable> $class */
function thrown(string $class, Closure $call): ?Throwable
{
    $error = null;
    try {
        $call();
    } catch (Throwable $error) {
    }
    check($error !== null && $error::class === $class, "$class, not "
        . ($error === null ? 'nothing' : $error::class . ': ' . $error->getMessage()));
    return $error;
}

require __DIR__ . '/values.php';
require __DIR__ . '/wire.php';
require __DIR__ . '/retries.php';
require __DIR__ . '/live.php';

$program = getenv('SOJOURN_BINARY');
$live = $program !== false && $program !== '' ? Server::real($program) : null;
foreach (get_defined_functions()['user'] as $name) {
    $short = substr($name, strlen('sojourn\\tests\\'));
    if (!str_starts_with($short, 'test')) {
        continue;
    }
    $isLive = str_starts_with($short, 'testlive');
    if ($isLive && $live === null) {
        continue;
    }
    try {
        $isLive ? $name($live->endpoint) : $name();
    } catch (Throwable $error) {
        check(false, "$short: " . $error);
    }
}
if ($live === null) {
    echo "SOJOURN_BINARY is not set: tests with a real server were left out\n";
} else {
    $live->stop();
}
echo "$checks checks, $failures failures\n";
exit($failures === 0 ? 0 : 1);
