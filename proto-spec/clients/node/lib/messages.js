import {
  BOUNDARIES,
  CONTEXT_ATTRIBUTES,
  ERRORS,
  HEADER_BYTES,
  LIMITS,
  OUTCOMES,
  REVISION_CAUSES,
  VERSION,
  nameOf,
} from './constants.js';
import { COLUMNS, Directory, readText, readTexts } from './columns.js';
import { FormatError } from './errors.js';

// Requests other than batches are written here, replies are read. Frames of requests come without their
// header: see `seal`. Replies are read behind a header that was judged: see `readHeader`.

const BODY = HEADER_BYTES;
const NO_CLOCK = -(2n ** 63n);
const NO_OFFSET = 0xffffffff;
const NO_BOUNDARY = 255;

/** Columns that each kind of reply defines. */
export const REPLY_COLUMNS = Object.freeze({
  ASSIGN: Object.keys(COLUMNS).filter((name) => COLUMNS[name].id >= 32 && COLUMNS[name].id <= 43),
  LOOKUP: ['texts', 'sessions', 'path'],
  STATUS: ['texts', 'gauges'],
});

const uuidAt = (frame, at) => {
  const hex = frame.toString('hex', at, at + 16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
};

/** Milliseconds of the property's clock; null before its first event. */
const clockAt = (frame, at) => {
  const clock = frame.readBigInt64LE(at);
  return clock === NO_CLOCK ? null : Number(clock);
};

/** What the byte of "Session state" says. */
const readState = (bits) => ({
  boundary: nameOf(BOUNDARIES, bits & 7),
  late: (bits & 8) !== 0,
  merged: (bits & 16) !== 0,
  automated: (bits & 32) !== 0,
  ended: (bits & 64) !== 0,
  engaged: (bits & 128) !== 0,
});

const requireBody = (frame, bytes) => {
  if (frame.length < BODY + bytes) throw new FormatError('truncatedBody', frame.length);
};

const requireEnd = (frame, bytes) => {
  if (frame.length > BODY + bytes) throw new FormatError('trailingBytes', BODY + bytes);
};

const requireZero = (frame, at, count) => {
  for (let byte = at; byte < at + count; byte++) {
    if (frame[BODY + byte] !== 0) throw new FormatError('bodyReservedNotZero', BODY + at);
  }
};

// ---- HELLO

/**
 * @param {{name?: string, deployment?: Uint8Array, lowestVersion?: number, highestVersion?: number,
 *   features?: number}} [hello]
 * @returns {Buffer}
 */
export function helloRequest(hello = {}) {
  const name = Buffer.from(hello.name ?? '');
  const frame = Buffer.alloc(BODY + 24 + name.length);
  frame[BODY] = hello.lowestVersion ?? VERSION;
  frame[BODY + 1] = hello.highestVersion ?? VERSION;
  frame.writeUInt16LE(name.length, BODY + 2);
  frame.writeUInt32LE(hello.features ?? 0, BODY + 4);
  frame.set(hello.deployment ?? Buffer.alloc(16), BODY + 8);
  name.copy(frame, BODY + 24);
  return frame;
}

/**
 * @param {Buffer} frame
 * @returns {import('../index.js').ServerInfo}
 */
export function readHelloReply(frame) {
  requireBody(frame, 72);
  const nameLength = frame.readUInt16LE(BODY + 64);
  const versionLength = frame.readUInt16LE(BODY + 66);
  const end = 72 + nameLength + versionLength;
  requireBody(frame, end);
  requireZero(frame, 1, 3);
  requireEnd(frame, end);
  const middle = BODY + 72 + nameLength;
  return {
    version: frame[BODY],
    features: frame.readUInt32LE(BODY + 4),
    deployment: frame.toString('hex', BODY + 8, BODY + 24),
    serverTime: frame.readBigInt64LE(BODY + 24),
    messageBytesMax: frame.readUInt32LE(BODY + 32),
    batchEventsMax: frame.readUInt32LE(BODY + 36),
    visitorKeyBytesMax: frame.readUInt16LE(BODY + 40),
    textBytesMax: frame.readUInt16LE(BODY + 42),
    batchTextsMax: frame.readUInt32LE(BODY + 44),
    batchContextsMax: frame.readUInt32LE(BODY + 48),
    credit: frame.readUInt32LE(BODY + 52),
    producerWindow: frame.readUInt32LE(BODY + 56),
    partitions: frame.readUInt32LE(BODY + 60),
    firstPartition: frame.readUInt16LE(BODY + 68),
    lastPartition: frame.readUInt16LE(BODY + 70),
    name: readText(frame.subarray(BODY + 72, middle), 'badUTF8', BODY + 72),
    serverVersion: readText(frame.subarray(middle), 'badUTF8', middle),
  };
}

// ---- ASSIGN

/**
 * @param {Buffer} frame
 * @returns {import('../index.js').AssignReply}
 */
export function readAssignReply(frame) {
  const directory = new Directory(frame, 24, REPLY_COLUMNS.ASSIGN);
  const eventCount = frame.readUInt32LE(BODY);
  const sessionCount = frame.readUInt32LE(BODY + 8);
  const revisionCount = frame.readUInt32LE(BODY + 12);
  for (const name of REPLY_COLUMNS.ASSIGN) {
    const { id } = COLUMNS[name];
    const count = id <= COLUMNS.sessionState.id ? sessionCount
      : id <= COLUMNS.outcome.id ? eventCount
      : revisionCount;
    if (count > 0 && name !== 'sessionShift') directory.requirePresent(name);
    directory.requireCount(name, count);
  }
  directory.checkForms();
  const rows = directory.get('session')?.integers() ?? [];
  const bad = rows.findIndex((row) => row > sessionCount);
  if (bad >= 0) throw new FormatError('indexOutOfRange', directory.get('session').startOf(bad));

  const id = (name, row) => uuidAt(frame, directory.get(name).startOf(row));
  const integer = (name, row) => directory.get(name).integer(row);
  const start = (row) => {
    const shift = directory.get('sessionShift')?.integer(row) ?? 0;
    return frame.readUIntBE(directory.get('sessionID').startOf(row), 6) - Number(shift);
  };
  return {
    clock: clockAt(frame, BODY + 16),
    sessions: Array.from({ length: sessionCount }, (_, row) => ({
      id: id('sessionID', row),
      start: start(row),
      ordinal: integer('ordinal', row),
      ...readState(integer('sessionState', row)),
    })),
    events: rows.map((session, row) => ({
      session: session === 0 ? null : session - 1,
      position: integer('position', row),
      outcome: nameOf(OUTCOMES, integer('outcome', row)),
    })),
    revisions: Array.from({ length: revisionCount }, (_, row) => ({
      number: integer('revisionNumber', row),
      from: id('revisionFrom', row),
      into: id('revisionInto', row),
      cause: nameOf(REVISION_CAUSES, integer('revisionCause', row)),
      partition: integer('revisionPartition', row),
    })),
  };
}

// ---- LOOKUP

/**
 * @param {1 | 2} by 1: visitor key, 2: session id
 * @param {Uint8Array} key
 * @returns {Buffer}
 */
export function lookupRequest(by, key) {
  const frame = Buffer.alloc(BODY + 8 + key.length);
  frame[BODY] = by;
  frame.writeUInt16LE(key.length, BODY + 2);
  frame.set(key, BODY + 8);
  return frame;
}

/**
 * @param {Buffer} frame
 * @returns {import('../index.js').LookupReply}
 */
export function readLookupReply(frame) {
  const directory = new Directory(frame, 16, REPLY_COLUMNS.LOOKUP);
  const count = frame.readUInt32LE(BODY);
  if (count > 0) directory.requirePresent('sessions');
  directory.requireCount('sessions', count);
  directory.requireCountMax('texts', LIMITS.batchTextsMax);
  directory.checkForms();
  const { texts } = readTexts(directory.get('texts'));
  const sessions = directory.get('sessions');
  const path = directory.get('path');

  const checkText = (at) => {
    if (frame.readUInt32LE(at) > texts.length) throw new FormatError('indexOutOfRange', at);
  };
  for (let row = 0; row < count; row++) {
    const at = sessions.startOf(row);
    for (let cell = 72; cell < 112; cell += 4) checkText(at + cell);
    const end = frame.readUInt32LE(at + 112) + frame.readUInt32LE(at + 116);
    if (end > (path?.count ?? 0)) throw new FormatError('indexOutOfRange', at + 112);
  }
  for (let row = 0; row < (path?.count ?? 0); row++) checkText(path.startOf(row) + 4);
  return {
    clock: clockAt(frame, BODY + 8),
    sessions: Array.from({ length: count }, (_, row) =>
      readKnownSession(frame, sessions.startOf(row), texts, path)),
  };
}

function readKnownSession(frame, at, texts, path) {
  const unsigned = (offset) => frame.readUInt32LE(at + offset);
  const time = (offset) => Number(frame.readBigInt64LE(at + offset));
  const text = (offset) => texts[frame.readUInt32LE(offset) - 1];
  const context = {};
  CONTEXT_ATTRIBUTES.forEach((name, cell) => {
    const value = text(at + 72 + 4 * cell);
    if (value !== undefined) context[name] = value;
  });
  const boundaryOut = frame[at + 69];
  const pathStart = unsigned(112);
  return {
    id: uuidAt(frame, at),
    ordinal: unsigned(48),
    firstEvent: time(16),
    lastEvent: time(24),
    value: frame.readBigInt64LE(at + 32),
    engaged: time(40),
    events: unsigned(52),
    views: unsigned(56),
    actions: unsigned(60),
    conversions: unsigned(64),
    state: readState(frame[at + 68]),
    boundaryOut: boundaryOut === NO_BOUNDARY ? null : nameOf(BOUNDARIES, boundaryOut),
    context,
    landingPage: text(at + 104) ?? null,
    exitPage: text(at + 108) ?? null,
    path: Array.from({ length: unsigned(116) }, (_, step) => {
      const record = path.startOf(pathStart + step);
      return { after: frame.readUInt32LE(record), page: text(record + 4) ?? null };
    }),
    finishes: time(120),
  };
}

// ---- STATUS

/** @returns {Buffer} */
export function statusRequest() {
  return Buffer.alloc(BODY);
}

/**
 * @param {Buffer} frame
 * @returns {import('../index.js').ServerStatus}
 */
export function readStatusReply(frame) {
  const directory = new Directory(frame, 16, REPLY_COLUMNS.STATUS);
  const count = frame.readUInt32LE(BODY);
  for (const name of REPLY_COLUMNS.STATUS) {
    if (count > 0) directory.requirePresent(name);
    directory.requireCount(name, count);
  }
  directory.requireCountMax('texts', LIMITS.batchTextsMax);
  directory.checkForms();
  const { texts } = readTexts(directory.get('texts'));
  const gauges = new Map(texts.map((name, row) => [name, directory.get('gauges').integer(row)]));
  return { serverTime: frame.readBigInt64LE(BODY + 8), gauges };
}

// ---- ERROR

/**
 * @param {Buffer} frame
 * @returns {import('../index.js').Refusal}
 */
export function readErrorReply(frame) {
  requireBody(frame, 16);
  const end = 16 + frame.readUInt16LE(BODY + 14);
  requireBody(frame, end);
  requireZero(frame, 3, 1);
  requireEnd(frame, end);
  const code = frame.readUInt16LE(BODY);
  const offset = frame.readUInt32LE(BODY + 8);
  return {
    code,
    codeName: String(nameOf(ERRORS, code)),
    isRetriable: (frame[BODY + 2] & 1) !== 0,
    retryAfter: frame.readUInt32LE(BODY + 4),
    offset: offset === NO_OFFSET ? null : offset,
    lowestVersion: frame[BODY + 12],
    highestVersion: frame[BODY + 13],
    message: readText(frame.subarray(BODY + 16), 'badUTF8', BODY + 16),
  };
}
