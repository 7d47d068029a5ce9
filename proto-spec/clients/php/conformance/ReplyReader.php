<?php

declare(strict_types=1);

namespace Sojourn\Conformance;

use Sojourn\Answer;
use Sojourn\Found;
use Sojourn\Names;
use Sojourn\Wire\Bytes;
use Sojourn\Wire\Header;
use Sojourn\Wire\Replies;

/** Reads replies with the client's own code, and shows them in the form of the golden messages. */
final class ReplyReader
{
    public static function decode(string $frame, Header $header): array
    {
        return match ($header->operation) {
            Header::HELLO => self::hello($frame),
            Header::ASSIGN => self::assign(Replies::assign($frame, $header)),
            Header::LOOKUP => self::lookup(Replies::lookup($frame)),
            Header::STATUS => self::status($frame),
            Header::ERROR => self::error($frame),
        };
    }

    private static function hello(string $frame): array
    {
        $server = Replies::hello($frame);
        return [
            'version' => $server->version, 'features' => $server->features,
            'deployment' => bin2hex($server->deployment),
            'server_time' => (string) $server->serverTime,
            'message_bytes' => $server->messageBytes, 'batch_events' => $server->batchEvents,
            'visitor_key_bytes' => $server->visitorKeyBytes, 'text_bytes' => $server->textBytes,
            'batch_texts' => $server->batchTexts, 'batch_contexts' => $server->batchContexts,
            'credit' => $server->credit, 'producer_window' => $server->producerWindow,
            'partitions' => $server->partitions, 'first_partition' => $server->firstPartition,
            'last_partition' => $server->lastPartition, 'name' => $server->name,
            'server_version' => $server->serverVersion,
        ];
    }

    private static function assign(Answer $answer): array
    {
        $sessions = $events = $revisions = [];
        for ($row = 0; $row < $answer->sessionCount(); $row++) {
            $session = $answer->session($row);
            $sessions[] = [
                'id' => $session->id, 'start' => (string) $session->start,
                'ordinal' => $session->ordinal,
            ] + Json::ofState($session);
        }
        foreach ($answer as $row => $assignment) {
            $index = $answer->sessionIndexes[$row];
            $events[] = [
                'session' => $index === 0 ? null : $index - 1,
                'position' => $assignment->position, 'outcome' => $assignment->outcomeName(),
            ];
        }
        foreach ($answer->revisions as $revision) {
            $revisions[] = [
                'number' => Bytes::decimal($revision->number), 'from' => $revision->from,
                'into' => $revision->into, 'cause' => $revision->causeName(),
                'partition' => $revision->partition,
            ];
        }
        return [
            'clock' => (string) $answer->clock, 'sessions' => $sessions, 'events' => $events,
            'revisions' => $revisions,
        ];
    }

    private static function lookup(Found $found): array
    {
        $sessions = [];
        foreach ($found->sessions as $at) {
            $path = [];
            foreach ($at->path as $step) {
                $path[] = ['after' => $step->after] + array_filter(['page' => $step->page]);
            }
            $out = $at->boundaryOut;
            $sessions[] = [
                'id' => $at->session->id, 'ordinal' => $at->session->ordinal,
                'first_event' => (string) $at->firstEvent, 'last_event' => (string) $at->lastEvent,
                'value' => (string) $at->value, 'engaged' => (string) $at->engaged,
                'events' => $at->events, 'views' => $at->views, 'actions' => $at->actions,
                'conversions' => $at->conversions, 'state' => Json::ofState($at->session),
                'boundary_out' => $out === null ? null : Names::boundary($out),
                'context' => array_filter(
                    array_combine(Json::ATTRIBUTES, $at->context->attributes),
                    static fn (string $text) => $text !== '',
                ),
                'path' => $path, 'finishes' => (string) $at->finishes,
            ] + array_filter(['landing_page' => $at->landingPage, 'exit_page' => $at->exitPage]);
        }
        return ['clock' => (string) $found->clock, 'sessions' => $sessions];
    }

    private static function status(string $frame): array
    {
        $status = Replies::status($frame);
        $gauges = [];
        foreach ($status->gauges as $name => $value) {
            $gauges[] = ['name' => (string) $name, 'value' => (string) $value];
        }
        return ['server_time' => (string) $status->serverTime, 'gauges' => $gauges];
    }

    private static function error(string $frame): array
    {
        $error = Replies::error($frame);
        return [
            'code' => Names::errorCode($error->code), 'retriable' => $error->isRetriable,
            'retry_after' => $error->retryAfter, 'offset' => $error->offset,
            'lowest_version' => $error->lowestVersion, 'highest_version' => $error->highestVersion,
            'message' => $error->message,
        ];
    }
}
