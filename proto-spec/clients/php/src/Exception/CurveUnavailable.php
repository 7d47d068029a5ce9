<?php

declare(strict_types=1);

namespace Sojourn\Exception;

/**
 * This build of ZeroMQ cannot do CURVE.
 */
final class CurveUnavailable extends SojournException
{
    public const KIND = 'noCurve';
}
