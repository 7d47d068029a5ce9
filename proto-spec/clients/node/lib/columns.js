import { CONTEXT_CELLS, HEADER_BYTES, LIMITS } from './constants.js';
import { FormatError } from './errors.js';

// Bodies with columns: the registry, the writer, and the reader that judges. See "Columns" in the spec.

const DESCRIPTOR_BYTES = 16;

/**
 * What width, parameter and length of a column mean.
 *
 * - `integers`: the parameter is zero; `scaled`: it is a power of ten
 * - `rows`: integers in rows of as many as the parameter says
 * - `records`: of as many bytes as the parameter says, at least `bytes`
 * - `dictionary`: entries of as many bytes as the parameter says, or ends and then entries
 */
const form = (id, kind, widths, more = {}) =>
  Object.freeze({ id, kind, widths, isSigned: false, bytes: 0, ...more });
const index = (id) => form(id, 'integers', [1, 2, 4]);
const integers = (id, ...widths) => form(id, 'integers', widths);
const records = (id, bytes) => form(id, 'records', [0], { bytes });
const dictionary = (id) => form(id, 'dictionary', [0, 2, 4]);

/** The columns of all messages, by name. */
export const COLUMNS = Object.freeze({
  time: integers(1, 4, 8),
  kind: integers(2, 1),
  visitor: index(3),
  visitorKeys: dictionary(4),
  name: index(5),
  texts: dictionary(6),
  textPrefixes: integers(7, 1),
  context: index(8),
  contexts: form(9, 'rows', [1, 2, 4]),
  value: form(10, 'scaled', [1, 2, 4, 8], { isSigned: true }),
  eventID: integers(11, 8),
  sessionID: records(32, 16),
  sessionShift: integers(33, 1, 2, 4, 8),
  ordinal: index(34),
  sessionState: integers(35, 1),
  session: index(36),
  position: index(37),
  outcome: integers(38, 1),
  revisionNumber: integers(39, 8),
  revisionFrom: records(40, 16),
  revisionInto: records(41, 16),
  revisionCause: integers(42, 1),
  revisionPartition: integers(43, 2),
  sessions: records(64, 128),
  path: records(65, 8),
  gauges: form(96, 'integers', [8], { isSigned: true }),
});

const aligned = (offset) => Math.ceil(offset / 8) * 8;

// ---- Writing

/**
 * Little-endian integers. Those of 8 bytes are bigints.
 *
 * @param {ArrayLike<number> | bigint[]} values
 * @param {number} width
 */
export function packIntegers(values, width) {
  const bytes = Buffer.alloc(values.length * width);
  for (let row = 0, at = 0; row < values.length; row++, at += width) {
    const value = values[row];
    if (width === 1) bytes[at] = value;
    else if (width === 2) bytes.writeUInt16LE(value & 0xffff, at);
    else if (width === 4) bytes.writeUInt32LE(value >>> 0, at);
    else bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  }
  return bytes;
}

/**
 * Ends of `width` bytes, and then the entries; only the entries with a width of 0.
 *
 * @param {Uint8Array[]} entries
 * @param {number} width
 */
export function packDictionary(entries, width) {
  if (width === 0) return Buffer.concat(entries);
  let end = 0;
  const ends = entries.map((entry) => (end += entry.length));
  return Buffer.concat([packIntegers(ends, width), ...entries]);
}

/**
 * A frame, still without its header, from the fixed part and the columns in ascending order.
 *
 * @param {Buffer} fixed bytes 4 and 5 become the number of columns
 * @param {{id: number, width: number, parameter?: number, count: number, data: Buffer}[]} columns
 */
export function writeFrame(fixed, columns) {
  let end = fixed.length + columns.length * DESCRIPTOR_BYTES;
  const offsets = columns.map(({ data }) => {
    const offset = aligned(end);
    end = offset + data.length;
    return offset;
  });
  const frame = Buffer.alloc(HEADER_BYTES + end);
  fixed.copy(frame, HEADER_BYTES);
  frame.writeUInt16LE(columns.length, HEADER_BYTES + 4);
  columns.forEach(({ id, width, parameter = 0, count, data }, row) => {
    const at = HEADER_BYTES + fixed.length + row * DESCRIPTOR_BYTES;
    frame[at] = id;
    frame[at + 1] = width;
    frame.writeUInt16LE(parameter, at + 2);
    frame.writeUInt32LE(count, at + 4);
    frame.writeUInt32LE(offsets[row], at + 8);
    frame.writeUInt32LE(data.length, at + 12);
    data.copy(frame, HEADER_BYTES + offsets[row]);
  });
  return frame;
}

// ---- Reading

/** A column where it stands in a frame; its elements may be read once it was judged. */
export class ColumnView {
  /**
   * @param {Buffer} frame
   * @param {number} descriptor where the descriptor begins
   * @param {string | null} name null when this kind of message does not define the column
   */
  constructor(frame, descriptor, name) {
    this.frame = frame;
    this.descriptor = descriptor;
    this.name = name;
    this.form = name === null ? null : COLUMNS[name];
    this.id = frame[descriptor];
    this.width = frame[descriptor + 1];
    this.parameter = frame.readUInt16LE(descriptor + 2);
    this.count = frame.readUInt32LE(descriptor + 4);
    this.offset = frame.readUInt32LE(descriptor + 8);
    this.length = frame.readUInt32LE(descriptor + 12);
    this.start = HEADER_BYTES + this.offset;
  }

  /** Where an element begins in the frame. */
  startOf(row) {
    return this.start + row * (this.width === 0 ? this.parameter : this.width);
  }

  /** One integer; a bigint when it has 8 bytes. */
  integer(row) {
    const at = this.start + row * this.width;
    const { frame } = this;
    if (this.form.isSigned) {
      if (this.width === 1) return frame.readInt8(at);
      if (this.width === 2) return frame.readInt16LE(at);
      return this.width === 4 ? frame.readInt32LE(at) : frame.readBigInt64LE(at);
    }
    if (this.width === 1) return frame[at];
    if (this.width === 2) return frame.readUInt16LE(at);
    return this.width === 4 ? frame.readUInt32LE(at) : frame.readBigUInt64LE(at);
  }

  integers() {
    return Array.from({ length: this.count }, (_, row) => this.integer(row));
  }

  /** Of a dictionary: how many entry bytes there are up to and with this entry. */
  end(row) {
    return this.width === 0 ? (row + 1) * this.parameter : this.integer(row);
  }

  /** Of a dictionary: what a fault in the length of an entry points at. */
  endOffset(row) {
    return this.width === 0 ? this.descriptor + 2 : this.startOf(row);
  }

  /** Of a dictionary: where the bytes of the entries begin in the frame. */
  get entriesStart() {
    return this.start + this.count * this.width;
  }

  /** Of a dictionary: the bytes of each entry. */
  entries() {
    let at = this.entriesStart;
    return Array.from({ length: this.count }, (_, row) => {
      const end = this.entriesStart + this.end(row);
      const entry = this.frame.subarray(at, end);
      at = end;
      return entry;
    });
  }
}

/**
 * Reads a directory and judges it in stages, so that of several faults the one is reported that the
 * protocol wants: the constructor looks at the fixed part and the descriptors (codes 30 to 40),
 * `requirePresent` and `checkForms` at the columns (41 to 44).
 */
export class Directory {
  #counts = new Map();
  #countsMax = new Map();
  #lowest = null;

  /**
   * @param {Buffer} frame
   * @param {number} fixedBytes bytes of the fixed part
   * @param {readonly string[]} defined columns that this kind of message defines
   * @param {number} [eventsMax] the first field has 1 to so many events; 0 for any
   */
  constructor(frame, fixedBytes, defined, eventsMax = 0) {
    this.frame = frame;
    /** All columns, in order, with those that are not defined. */
    this.columns = [];
    /** @type {Map<string, ColumnView>} */
    this.known = new Map();
    this.#read(fixedBytes, defined, eventsMax);
    this.#checkPadding(fixedBytes);
  }

  #read(fixedBytes, defined, eventsMax) {
    const { frame } = this;
    const bodyLength = frame.length - HEADER_BYTES;
    if (bodyLength < fixedBytes) throw new FormatError('truncatedBody', frame.length);
    const count = frame.readUInt16LE(HEADER_BYTES + 4);
    let end = fixedBytes + count * DESCRIPTOR_BYTES;
    if (bodyLength < end) throw new FormatError('truncatedBody', frame.length);

    if (frame.readUInt16LE(HEADER_BYTES + 6) !== 0) this.#note('bodyReservedNotZero', HEADER_BYTES + 6);
    const events = frame.readUInt32LE(HEADER_BYTES);
    if (eventsMax > 0 && (events < 1 || events > eventsMax)) this.#note('badEventCount', HEADER_BYTES);
    if (count > LIMITS.columnsMax) this.#note('badColumnCount', HEADER_BYTES + 4);
    let before = -1;
    for (let row = 0; row < count; row++) {
      const at = HEADER_BYTES + fixedBytes + row * DESCRIPTOR_BYTES;
      const name = defined.find((one) => COLUMNS[one].id === frame[at]) ?? null;
      const view = new ColumnView(frame, at, name);
      this.#judge(view, before, end, bodyLength);
      before = view.id;
      end = view.offset + view.length;
      this.columns.push(view);
      if (name !== null) this.known.set(name, view);
    }
    if (this.#lowest !== null) throw this.#lowest;
    if (end !== bodyLength) throw new FormatError('trailingBytes', HEADER_BYTES + end);
  }

  /** One descriptor, against the end that the one before it claims. */
  #judge(view, before, end, bodyLength) {
    const at = view.descriptor;
    const kind = view.form?.kind;
    const hasNoParameter = kind === 'integers' || (kind === 'dictionary' && view.width !== 0);
    if (hasNoParameter && view.parameter !== 0) this.#note('bodyReservedNotZero', at + 2);
    if (view.id <= before) this.#note('badColumnOrder', at);
    if (view.offset % 8 !== 0) this.#note('columnMisaligned', at + 8);
    if (view.offset < end) this.#note('columnOverlap', at + 8);
    if (view.offset > aligned(end)) this.#note('columnGap', at + 8);
    if (view.offset + view.length > bodyLength) this.#note('columnOutOfBounds', at + 8);
  }

  /** Keeps a fault if it is the one to report so far: the lowest code, then the lowest offset. */
  #note(codeName, offset) {
    const fault = new FormatError(codeName, offset);
    const lowest = this.#lowest;
    const isLower =
      lowest === null ||
      fault.code < lowest.code ||
      (fault.code === lowest.code && offset < lowest.offset);
    if (isLower) this.#lowest = fault;
  }

  #checkPadding(fixedBytes) {
    let end = HEADER_BYTES + fixedBytes + this.columns.length * DESCRIPTOR_BYTES;
    for (const view of this.columns) {
      for (let at = end; at < view.start; at++) {
        if (this.frame[at] !== 0) throw new FormatError('paddingNotZero', at);
      }
      end = view.start + view.length;
    }
  }

  /** @returns {ColumnView | undefined} */
  get(name) {
    return this.known.get(name);
  }

  requirePresent(name) {
    if (!this.known.has(name)) throw new FormatError('missingColumn');
  }

  /** If the column is there, it must have this many elements (rows, where it has rows). */
  requireCount(name, count) {
    this.#counts.set(name, count);
  }

  /** If the column is there, it must not have more elements (rows, where it has rows). */
  requireCountMax(name, count) {
    this.#countsMax.set(name, count);
  }

  /** Judges widths, counts and lengths, each over all columns before the next. */
  checkForms() {
    const known = [...this.known.values()];
    for (const view of known) {
      if (!view.form.widths.includes(view.width) || view.parameter < view.form.bytes) {
        throw new FormatError('badColumnWidth', view.descriptor + 1);
      }
    }
    for (const view of known) {
      if (!this.#hasGoodCount(view)) throw new FormatError('badElementCount', view.descriptor + 4);
    }
    for (const view of known) {
      if (view.length !== rightLength(view)) {
        throw new FormatError('badColumnLength', view.descriptor + 12);
      }
    }
  }

  #hasGoodCount(view) {
    let rows = view.count;
    if (view.form.kind === 'rows') {
      if (view.parameter < CONTEXT_CELLS || rows % view.parameter !== 0) return false;
      rows /= view.parameter;
    }
    const count = this.#counts.get(view.name) ?? rows;
    return rows === count && rows <= (this.#countsMax.get(view.name) ?? rows);
  }
}

function rightLength(view) {
  if (view.width === 0) return view.count * view.parameter;
  const length = view.count * view.width;
  const hasEnds = view.form.kind === 'dictionary' && view.count > 0 && view.length >= length;
  return hasEnds ? length + view.end(view.count - 1) : length;
}

// ---- Texts

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Strict UTF-8.
 *
 * @throws {FormatError} with the code and the offset given
 */
export function readText(bytes, codeName, offset) {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new FormatError(codeName, offset);
  }
}

/**
 * Judges the lengths of a dictionary's entries; returns their sum.
 *
 * @param {ColumnView} view
 * @param {number[] | null} prefixes how many bytes each entry shares with the one before
 */
export function checkLengths(view, prefixes, codeName, bytesMax) {
  let start = 0;
  let sum = 0;
  for (let row = 0; row < view.count; row++) {
    const end = view.end(row);
    const length = end - start + (prefixes?.[row] ?? 0);
    if (end < start || length < 1 || length > bytesMax) {
      throw new FormatError(codeName, view.endOffset(row));
    }
    sum += length;
    start = end;
  }
  return sum;
}

/**
 * Texts, written out. `badPrefix` is the row of the first prefix that is longer than the text before,
 * or -1; texts from there on are not read.
 *
 * @param {ColumnView | undefined} view
 * @param {ColumnView} [prefixView]
 * @returns {{texts: string[], badPrefix: number}}
 */
export function readTexts(view, prefixView) {
  const texts = [];
  if (view === undefined) return { texts, badPrefix: -1 };
  const prefixes = prefixView?.integers() ?? null;
  const sum = checkLengths(view, prefixes, 'badTextLength', LIMITS.textBytesMax);
  if (sum > LIMITS.batchTextBytesMax) throw new FormatError('textsTooLarge');
  let before = Buffer.alloc(0);
  let at = view.entriesStart;
  for (const [row, entry] of view.entries().entries()) {
    const prefix = prefixes?.[row] ?? 0;
    if (prefix > before.length) return { texts, badPrefix: row };
    before = prefix === 0 ? entry : Buffer.concat([before.subarray(0, prefix), entry]);
    texts.push(readText(before, 'badUTF8', at));
    at += entry.length;
  }
  return { texts, badPrefix: -1 };
}
