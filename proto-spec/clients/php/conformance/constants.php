<?php

declare(strict_types=1);

/** Prints the client's constants, `GROUP NAME NUMBER` a line, by the names of `constants.json`. */

use Sojourn\Kind;
use Sojourn\Limits;
use Sojourn\Names;
use Sojourn\Wire\Encoding;
use Sojourn\Wire\Header;

require __DIR__ . '/../autoload.php';

$groups = [
    'operations' => [
        'HELLO' => Header::HELLO, 'ASSIGN' => Header::ASSIGN, 'LOOKUP' => Header::LOOKUP,
        'STATUS' => Header::STATUS, 'ERROR' => Header::ERROR,
    ],
    'eventKinds' => array_column(
        array_map(fn (Kind $kind) => [$kind->label(), $kind->value], Kind::cases()), 1, 0
    ),
    'outcomes' => array_flip(Names::OUTCOMES),
    'boundaries' => array_flip(Names::BOUNDARIES),
    'revisionCauses' => array_flip(Names::CAUSES),
    'errors' => array_flip(Names::ERRORS),
    'columns' => [
        'time' => Encoding::TIME, 'kind' => Encoding::KIND, 'visitor' => Encoding::VISITOR,
        'visitorKeys' => Encoding::VISITOR_KEYS, 'name' => Encoding::NAME,
        'texts' => Encoding::TEXTS, 'textPrefixes' => Encoding::TEXT_PREFIXES,
        'context' => Encoding::CONTEXT, 'contexts' => Encoding::CONTEXTS,
        'value' => Encoding::VALUE, 'eventID' => Encoding::EVENT_ID,
    ],
    'limits' => [
        'messageBytesMax' => Limits::MESSAGE_BYTES, 'batchEventsMax' => Limits::BATCH_EVENTS,
        'batchTextsMax' => Limits::ENTRIES, 'batchContextsMax' => Limits::ENTRIES,
        'visitorKeyBytesMax' => Limits::KEY_BYTES, 'textBytesMax' => Limits::TEXT_BYTES,
        'batchTextBytesMax' => Limits::BATCH_TEXT_BYTES, 'clientNameBytesMax' => Limits::NAME_BYTES,
        'columnsMax' => Limits::COLUMNS, 'creditMax' => Limits::CREDIT,
        'eventTimeEnd' => Limits::EVENT_TIME_END, 'valueScaleMax' => Limits::SCALE,
    ],
];
foreach ($groups as $group => $table) {
    foreach ($table as $name => $number) {
        echo "$group $name $number\n";
    }
}
