<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * The server belongs to another deployment.
 */
final class WrongDeployment extends SojournException
{
    public const KIND = 'wrongDeployment';
}
