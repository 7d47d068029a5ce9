// Codes and limits of the protocol. The names are those of the spec.

export const VERSION = 1;
export const HEADER_BYTES = 64;

/** What a message is about. */
export const OPERATIONS = Object.freeze({
  HELLO: 1,
  ASSIGN: 2,
  LOOKUP: 3,
  STATUS: 4,
  ERROR: 5,
});

/** What happened. */
export const EVENT_KINDS = Object.freeze({
  view: 1,
  action: 2,
  conversion: 3,
  heartbeat: 4,
  start: 5,
  end: 6,
});

/** What became of an event. */
export const OUTCOMES = Object.freeze({
  new: 0,
  extended: 1,
  lateJoined: 2,
  merged: 3,
  tooLate: 4,
  duplicate: 5,
  rejectedNoSession: 16,
  rejectedClockSkew: 17,
  rejectedVisitorLimit: 18,
  rejectedSessionLimit: 19,
});

/** Why a session began, or ended. */
export const BOUNDARIES = Object.freeze({
  first: 0,
  idle: 1,
  maxDuration: 2,
  maxEvents: 3,
  campaign: 4,
  midnight: 5,
  explicit: 6,
});

/** Why a revision came about. */
export const REVISION_CAUSES = Object.freeze({
  bridge: 1,
});

/** Why a message was refused. */
export const ERRORS = Object.freeze({
  badFraming: 1,
  truncatedHeader: 2,
  badMagic: 3,
  unsupportedVersion: 4,
  badHeaderChecksum: 5,
  unexpectedReply: 6,
  unknownOperation: 7,
  unknownFlags: 8,
  reservedNotZero: 9,
  messageTooLarge: 10,
  badBodyLength: 11,
  badBodyChecksum: 12,
  wrongDeployment: 13,
  unknownProperty: 14,
  noArchive: 15,
  overloaded: 20,
  draining: 21,
  deadlineExpired: 22,
  journalUnavailable: 23,
  archiveUnavailable: 24,
  truncatedBody: 30,
  bodyReservedNotZero: 31,
  badEventCount: 32,
  badColumnCount: 33,
  badColumnOrder: 34,
  columnMisaligned: 35,
  columnOverlap: 36,
  columnGap: 37,
  columnOutOfBounds: 38,
  trailingBytes: 39,
  paddingNotZero: 40,
  missingColumn: 41,
  badColumnWidth: 42,
  badElementCount: 43,
  badColumnLength: 44,
  badKeyLength: 45,
  badTextLength: 46,
  textsTooLarge: 47,
  badUTF8: 48,
  badKind: 49,
  indexOutOfRange: 50,
  timeOutOfRange: 51,
  badScale: 52,
  badName: 53,
  badLookup: 54,
  badReport: 55,
  reportTooLong: 56,
  sequenceTooOld: 60,
  sequenceGap: 61,
  sequenceReused: 62,
  internal: 90,
});

/** Limits; a server may announce lower ones. */
export const LIMITS = Object.freeze({
  messageBytesMax: 4194304,
  batchEventsMax: 65535,
  visitorKeyBytesMax: 128,
  textBytesMax: 2048,
  batchTextsMax: 65535,
  batchTextBytesMax: 8388608,
  batchContextsMax: 65535,
  columnsMax: 64,
  clientNameBytesMax: 255,
  errorMessageBytesMax: 1024,
  creditMax: 64,
  producerWindow: 128,
  eventTimeEnd: 281474976710656,
  valueScaleMax: 9,
});

/** The texts of a context, in the order of its cells. */
export const CONTEXT_ATTRIBUTES = Object.freeze([
  'device',
  'channel',
  'country',
  'region',
  'referrer',
  'campaignSource',
  'campaignMedium',
  'campaignName',
]);

/** Cells of a context; the last holds flags. */
export const CONTEXT_CELLS = 9;

/** The name of a code, or the code itself when the table does not have it. */
export function nameOf(table, code) {
  return Object.keys(table).find((name) => table[name] === code) ?? code;
}
