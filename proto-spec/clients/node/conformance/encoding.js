import { CONTEXT_ATTRIBUTES, CONTEXT_CELLS, EVENT_KINDS } from '../index.js';
import { COLUMNS, packDictionary, packIntegers, writeFrame } from '../lib/columns.js';

// Follows the member `encoding` of golden messages with the client's column writer, and finds it in frames.

/** The choices that a frame was written with. */
export function describe(directory) {
  const columns = {};
  const unknown = [];
  for (const view of directory.columns) {
    const { id, width, parameter, count, name } = view;
    if (name === null) {
      const data = view.frame.toString('hex', view.start, view.start + view.length);
      unknown.push({ column: id, width, parameter, count, data });
      continue;
    }
    columns[name] = { width };
    if (parameter !== 0) columns[name].parameter = parameter;
    if (name === 'texts' && directory.get('textPrefixes')) columns[name].prefixes = true;
  }
  return unknown.length > 0 ? { columns, unknown } : { columns };
}

/**
 * A frame with the choices of a golden message.
 *
 * @param {Buffer} fixed
 * @param {object} encoding
 * @param {Record<string, (number | bigint)[] | Buffer[]>} parts elements or entries, by column
 */
export function writeEncoded(fixed, encoding, parts) {
  const columns = (encoding.unknown ?? []).map(({ column, data, ...rest }) => ({
    ...rest,
    id: column,
    data: Buffer.from(data, 'hex'),
  }));
  for (const [name, { width, parameter = 0 }] of Object.entries(encoding.columns)) {
    const { id, kind } = COLUMNS[name];
    const elements = parts[name];
    columns.push({ id, width, parameter, count: elements.length, data: pack(kind, elements, width, parameter) });
  }
  columns.sort((one, other) => one.id - other.id);
  return writeFrame(fixed, columns);
}

function pack(kind, elements, width, parameter) {
  if (kind === 'dictionary') return packDictionary(elements, width);
  if (kind === 'records') {
    const padded = elements.map((record) => Buffer.concat([record, Buffer.alloc(parameter - record.length)]));
    return Buffer.concat(padded);
  }
  const divisor = kind === 'scaled' ? 10n ** BigInt(parameter) : 1n;
  const scaled = elements.map((element) => BigInt(element) / divisor);
  return packIntegers(width === 8 ? scaled : scaled.map(Number), width);
}

/** The parts of the columns `texts` and `textPrefixes`. */
export function textParts(encoding) {
  const texts = (encoding.texts ?? []).map((text) => Buffer.from(text));
  if (!encoding.columns.textPrefixes) return { texts };
  const textPrefixes = texts.map((text, row) => {
    const before = texts[row - 1] ?? Buffer.alloc(0);
    let shared = 0;
    while (shared < Math.min(255, before.length, text.length) && before[shared] === text[shared]) shared++;
    return shared;
  });
  return { texts: texts.map((text, row) => text.subarray(textPrefixes[row])), textPrefixes };
}

/** Row plus one of each entry, and 0 of what is missing. */
export function numbersOf(entries) {
  const numbers = new Map([[undefined, 0]]);
  entries.forEach((entry, row) => numbers.set(entry, row + 1));
  return numbers;
}

const contextKey = (context) =>
  JSON.stringify([...CONTEXT_ATTRIBUTES.map((name) => context[name]), context.knownBot === true]);

/** A batch with the choices of a golden message, without its header. */
export function encodeAssignRequest(body) {
  const { encoding, events } = body;
  const base = BigInt(body.base_time);
  const keys = numbersOf(encoding.visitor_keys);
  const texts = numbersOf(encoding.texts ?? []);
  const contexts = numbersOf((encoding.contexts ?? []).map(contextKey));
  const stride = encoding.columns.contexts?.parameter ?? 0;
  const cells = (encoding.contexts ?? []).flatMap((context) => [
    ...CONTEXT_ATTRIBUTES.map((name) => texts.get(context[name])),
    context.knownBot ? 1 : 0,
    ...(context.extra ?? new Array(stride - CONTEXT_CELLS).fill(0)),
  ]);
  const fixed = Buffer.alloc(16);
  fixed.writeUInt32LE(events.length, 0);
  fixed.writeBigInt64LE(base, 8);
  return writeEncoded(fixed, encoding, {
    time: events.map(({ time }) => BigInt(time) - base),
    kind: events.map(({ kind }) => EVENT_KINDS[kind]),
    visitor: events.map(({ visitor }) => keys.get(visitor) - 1),
    visitorKeys: encoding.visitor_keys.map((key) => Buffer.from(key, 'hex')),
    name: events.map(({ name }) => texts.get(name)),
    ...textParts(encoding),
    context: events.map(({ context }) => contexts.get(context && contextKey(context))),
    contexts: cells,
    value: events.map(({ value }) => BigInt(value ?? 0)),
    eventID: events.map((event) => BigInt(event.event_id ?? 0)),
  });
}
