<?php

declare(strict_types=1);

/** Finds the classes of the client where there is no Composer. */
spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Sojourn\\')) {
        $path = __DIR__ . '/src/' . strtr(substr($class, 8), '\\', '/') . '.php';
        if (is_file($path)) {
            require $path;
        }
    }
});
