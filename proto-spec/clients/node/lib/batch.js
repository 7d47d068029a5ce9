import {
  CONTEXT_ATTRIBUTES,
  CONTEXT_CELLS,
  EVENT_KINDS,
  LIMITS,
} from './constants.js';
import { COLUMNS, packDictionary, packIntegers, writeFrame } from './columns.js';
import { BadUseError } from './errors.js';

// Writes batches: the request of ASSIGN.

const PREFIX_BYTES_MAX = 255;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

const require = (isGood, kind, message) => {
  if (!isGood) throw new BadUseError(kind, message);
};

/** Different entries in order of first use. */
class Rows {
  #rows = new Map();

  /** Bytes, or whatever stands for an entry. */
  entries = [];

  /** The row of a key; its entry is made when the key is new. */
  row(key, make) {
    let row = this.#rows.get(key);
    if (row === undefined) {
      this.entries.push(make());
      row = this.entries.length - 1;
      this.#rows.set(key, row);
    }
    return row;
  }
}

/**
 * The bytes of a visitor key.
 *
 * @param {string | Uint8Array} visitor
 * @returns {Buffer}
 */
export function visitorBytes(visitor) {
  const isKey = typeof visitor === 'string' || visitor instanceof Uint8Array;
  require(isKey, 'badKey', 'a visitor key is a string or bytes');
  const bytes = Buffer.from(visitor);
  require(
    bytes.length >= 1 && bytes.length <= LIMITS.visitorKeyBytesMax,
    'badKey',
    `a visitor key has 1 to ${LIMITS.visitorKeyBytesMax} bytes, not ${bytes.length}`,
  );
  return bytes;
}

function textBytes(text) {
  require(typeof text === 'string', 'badText', `a text is a string, not ${typeof text}`);
  require(!/\p{Surrogate}/u.test(text), 'badText', 'a text has half a surrogate pair');
  const bytes = Buffer.from(text);
  require(
    bytes.length >= 1 && bytes.length <= LIMITS.textBytesMax,
    'badText',
    `a text has 1 to ${LIMITS.textBytesMax} bytes of UTF-8, not ${bytes.length}`,
  );
  return bytes;
}

function timeMilliseconds(time) {
  const milliseconds = time instanceof Date ? time.getTime() : time;
  require(
    Number.isInteger(milliseconds) && milliseconds >= 0 && milliseconds < LIMITS.eventTimeEnd,
    'badTime',
    `an event time is 0 to 2^48 - 1 whole ms after 1970, not ${milliseconds}`,
  );
  return milliseconds;
}

/**
 * A value in micro-units. A bigint is taken as it is; a number and a string of decimal digits are units
 * with at most six decimals, a number as it is printed.
 *
 * @param {bigint | number | string} value
 * @returns {bigint}
 */
export function microUnits(value) {
  if (typeof value === 'bigint') {
    require(value >= INT64_MIN && value <= INT64_MAX, 'badValue', `a value is too large: ${value}`);
    return value;
  }
  const isPlain = typeof value === 'number' || typeof value === 'string';
  const parts = isPlain ? /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value)) : null;
  require(parts !== null, 'badValue', `a value is a decimal number, not ${value}`);
  const decimals = (parts[3] ?? '').replace(/0+$/, '');
  require(decimals.length <= 6, 'badValue', `a value has at most six decimals, not ${value}`);
  const micros = BigInt(parts[1] + parts[2] + decimals.padEnd(6, '0'));
  require(micros >= INT64_MIN && micros <= INT64_MAX, 'badValue', `a value is too large: ${value}`);
  return micros;
}

const indexWidth = (greatest) => (greatest <= 0xff ? 1 : greatest <= 0xffff ? 2 : 4);
const endsWidth = (last) => (last <= 0xffff ? 2 : 4);
const sum = (entries) => entries.reduce((bytes, entry) => bytes + entry.length, 0);

function contextRow(context, contexts) {
  if (context === undefined || context === null) return 0;
  const cells = CONTEXT_ATTRIBUTES.map((name) => context[name] ?? null);
  const key = JSON.stringify([...cells, context.knownBot === true]);
  const row = contexts.row(key, () => ({ cells, flags: context.knownBot === true ? 1 : 0 }));
  return row + 1;
}

/** How many bytes each text shares with the one before, or null when that saves nothing. */
function sharedPrefixes(texts) {
  let saved = 0;
  const prefixes = texts.map((text, row) => {
    const before = texts[row - 1] ?? Buffer.alloc(0);
    const max = Math.min(PREFIX_BYTES_MAX, before.length, text.length);
    let shared = 0;
    while (shared < max && before[shared] === text[shared]) shared++;
    saved += shared;
    return shared;
  });
  // What the prefixes cost: a descriptor, one byte each, and padding before them.
  return saved > 16 + texts.length + 7 ? prefixes : null;
}

/** The largest power of ten that divides all values, and the width that they have then. */
function scaleOf(values) {
  let scale = LIMITS.valueScaleMax;
  let divisor = 10n ** BigInt(scale);
  for (const value of values) {
    while (value % divisor !== 0n) {
      divisor /= 10n;
      scale--;
    }
  }
  const scaled = values.map((value) => value / divisor);
  for (const width of [1, 2, 4]) {
    const limit = 2n ** BigInt(8 * width - 1);
    if (scaled.every((value) => value >= -limit && value < limit)) {
      return { width, scale, elements: scaled.map(Number) };
    }
  }
  return { width: 8, scale: 0, elements: values };
}

/**
 * The frame of a batch, without its header: see `seal`.
 *
 * @param {Iterable<import('../index.js').Event>} events
 * @returns {{frame: Buffer, events: number, texts: number, contexts: number}}
 * @throws {BadUseError} for what the protocol does not allow
 */
export function encodeBatch(events) {
  const times = [];
  const kinds = [];
  const visitors = [];
  const names = [];
  const contextNumbers = [];
  const values = [];
  const ids = [];
  const keys = new Rows();
  const texts = new Rows();
  const contexts = new Rows();
  const textNumber = (text) =>
    text === undefined || text === null ? 0 : texts.row(text, () => textBytes(text)) + 1;

  for (const event of events) {
    const kind = EVENT_KINDS[event.kind];
    require(kind !== undefined, 'badKind', `there is no kind of event ${event.kind}`);
    const key = visitorBytes(event.visitor);
    const id = BigInt(event.eventId ?? 0n);
    require(id >= 0n && id <= UINT64_MAX, 'badEventId', `an event id has 64 bits, not ${id}`);
    times.push(timeMilliseconds(event.time));
    kinds.push(kind);
    visitors.push(keys.row(key.toString('latin1'), () => key));
    names.push(textNumber(event.name));
    contextNumbers.push(contextRow(event.context, contexts));
    values.push(microUnits(event.value ?? 0n));
    ids.push(id);
    requireAtMost('events', times.length, LIMITS.batchEventsMax);
  }
  require(times.length > 0, 'emptyBatch', 'a batch has at least one event');
  const cells = contexts.entries.flatMap(({ cells: row, flags }) => [...row.map(textNumber), flags]);
  requireAtMost('different texts', texts.entries.length, LIMITS.batchTextsMax);
  requireAtMost('bytes of texts', sum(texts.entries), LIMITS.batchTextBytesMax);
  requireAtMost('different contexts', contexts.entries.length, LIMITS.batchContextsMax);

  const columns = [];
  const put = (name, width, count, data, parameter = 0) =>
    columns.push({ id: COLUMNS[name].id, width, parameter, count, data });
  const putIntegers = (name, width, elements, parameter = 0) =>
    put(name, width, elements.length, packIntegers(elements, width), parameter);
  const base = times.reduce((least, time) => Math.min(least, time));
  const deltas = times.map((time) => time - base);
  if (deltas.every((delta) => delta <= 0xffffffff)) putIntegers('time', 4, deltas);
  else putIntegers('time', 8, deltas.map(BigInt));
  putIntegers('kind', 1, kinds);
  putIntegers('visitor', indexWidth(keys.entries.length - 1), visitors);
  const keySize = keys.entries[0].length;
  const isOneSize = keys.entries.every((key) => key.length === keySize);
  const keyWidth = isOneSize ? 0 : endsWidth(sum(keys.entries));
  put(
    'visitorKeys', keyWidth, keys.entries.length, packDictionary(keys.entries, keyWidth),
    isOneSize ? keySize : 0,
  );
  const textCount = texts.entries.length;
  if (names.some((name) => name !== 0)) putIntegers('name', indexWidth(textCount), names);
  if (textCount > 0) {
    const prefixes = sharedPrefixes(texts.entries);
    const own =
      prefixes === null ? texts.entries : texts.entries.map((text, row) => text.subarray(prefixes[row]));
    const width = endsWidth(sum(own));
    put('texts', width, textCount, packDictionary(own, width));
    if (prefixes !== null) putIntegers('textPrefixes', 1, prefixes);
  }
  if (contexts.entries.length > 0) {
    putIntegers('context', indexWidth(contexts.entries.length), contextNumbers);
    putIntegers('contexts', indexWidth(textCount), cells, CONTEXT_CELLS);
  }
  if (values.some((value) => value !== 0n)) {
    const { width, scale, elements } = scaleOf(values);
    putIntegers('value', width, elements, scale);
  }
  if (ids.some((id) => id !== 0n)) putIntegers('eventID', 8, ids);

  const fixed = Buffer.alloc(16);
  fixed.writeUInt32LE(times.length, 0);
  fixed.writeBigInt64LE(BigInt(base), 8);
  const frame = writeFrame(fixed, columns);
  requireAtMost('bytes', frame.length, LIMITS.messageBytesMax);
  return { frame, events: times.length, texts: textCount, contexts: contexts.entries.length };
}

/** @throws {BadUseError} */
export function requireAtMost(what, is, max) {
  require(is <= max, 'batchTooLarge', `a batch has at most ${max} ${what}, not ${is}`);
}

