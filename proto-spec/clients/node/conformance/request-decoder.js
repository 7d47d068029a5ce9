import { CONTEXT_ATTRIBUTES, CONTEXT_CELLS, EVENT_KINDS, FormatError, LIMITS, nameOf } from '../index.js';
import { COLUMNS, Directory, checkLengths, readText, readTexts } from '../lib/columns.js';
import { describe } from './encoding.js';

// Reads requests as a server does, into the form of the golden messages.

const BODY = 64;
const COLUMNS_OF_ASSIGN = Object.keys(COLUMNS).filter((name) => COLUMNS[name].id <= 11);
const PER_EVENT = ['time', 'kind', 'visitor', 'name', 'context', 'value', 'eventID'];

const require = (isGood, code, offset = null) => {
  if (!isGood) throw new FormatError(code, offset);
};

function readHello(frame) {
  require(frame.length >= BODY + 24, 'truncatedBody', frame.length);
  const lowest = frame[BODY];
  const highest = frame[BODY + 1];
  const end = BODY + 24 + frame.readUInt16LE(BODY + 2);
  require(frame.length >= end, 'truncatedBody', frame.length);
  require(lowest > highest || (lowest <= 1 && highest >= 1), 'unsupportedVersion', BODY);
  require(frame.length === end, 'trailingBytes', end);
  require(lowest <= highest, 'badName', BODY);
  require(end - BODY - 24 <= LIMITS.clientNameBytesMax, 'badName', BODY + 2);
  return {
    lowest_version: lowest,
    highest_version: highest,
    features: frame.readUInt32LE(BODY + 4),
    deployment: frame.toString('hex', BODY + 8, BODY + 24),
    name: readText(frame.subarray(BODY + 24), 'badName', BODY + 24),
  };
}

function readLookup(frame) {
  require(frame.length >= BODY + 8, 'truncatedBody', frame.length);
  const by = frame[BODY];
  const length = frame.readUInt16LE(BODY + 2);
  const end = BODY + 8 + length;
  require(frame.length >= end, 'truncatedBody', frame.length);
  require(frame[BODY + 1] === 0, 'bodyReservedNotZero', BODY + 1);
  require(frame.readUInt32LE(BODY + 4) === 0, 'bodyReservedNotZero', BODY + 4);
  require(frame.length === end, 'trailingBytes', end);
  const isKey = length >= 1 && length <= LIMITS.visitorKeyBytesMax;
  require(by !== 1 || isKey, 'badKeyLength', BODY + 2);
  require(by === 1 || by === 2, 'badLookup', BODY);
  require(by === 1 || length === 16, 'badLookup', BODY + 2);
  return { by: by === 1 ? 'visitor' : 'session', key: frame.toString('hex', BODY + 8) };
}

function readStatus(frame) {
  require(frame.length === BODY, 'trailingBytes', BODY);
  return {};
}

function readAssign(frame) {
  const directory = new Directory(frame, 16, COLUMNS_OF_ASSIGN, LIMITS.batchEventsMax);
  const count = frame.readUInt32LE(BODY);
  checkColumns(directory, count);
  const keys = directory.get('visitorKeys');
  checkLengths(keys, null, 'badKeyLength', LIMITS.visitorKeyBytesMax);
  const { texts, badPrefix } = readTexts(directory.get('texts'), directory.get('textPrefixes'));
  const kinds = directory.get('kind');
  for (let row = 0; row < count; row++) {
    require(typeof nameOf(EVENT_KINDS, kinds.integer(row)) === 'string', 'badKind', kinds.startOf(row));
  }
  checkIndexes(directory, badPrefix);

  const base = frame.readBigInt64LE(BODY + 8);
  const timeView = directory.get('time');
  const times = timeView.integers().map((delta, row) => {
    const time = base + BigInt.asIntN(64, BigInt(delta));
    require(time >= 0n && time < BigInt(LIMITS.eventTimeEnd), 'timeOutOfRange', timeView.startOf(row));
    return time;
  });
  const value = directory.get('value');
  const scaleMax = value?.width === 8 ? 0 : LIMITS.valueScaleMax;
  require(!value || value.parameter <= scaleMax, 'badScale', value && value.descriptor + 2);
  return content(directory, base, times, texts);
}

function checkColumns(directory, count) {
  for (const name of ['time', 'kind', 'visitor', 'visitorKeys']) directory.requirePresent(name);
  if (directory.get('textPrefixes')) directory.requirePresent('texts');
  for (const name of PER_EVENT) directory.requireCount(name, count);
  if (directory.get('texts')) directory.requireCount('textPrefixes', directory.get('texts').count);
  directory.requireCountMax('texts', LIMITS.batchTextsMax);
  directory.requireCountMax('visitorKeys', LIMITS.batchEventsMax);
  directory.requireCountMax('contexts', LIMITS.batchContextsMax);
  directory.checkForms();
}

/** In ascending order of columns, so that the first fault found has the lowest offset. */
function checkIndexes(directory, badPrefix) {
  const contexts = directory.get('contexts');
  const stride = contexts?.parameter ?? 1;
  const textCount = directory.get('texts')?.count ?? 0;
  const check = (name, greatest, isIndex = () => true) => {
    const view = directory.get(name);
    for (let row = 0; row < (view?.count ?? 0); row++) {
      const isBad = isIndex(row) && view.integer(row) > greatest;
      require(!isBad, 'indexOutOfRange', view.startOf(row));
    }
  };
  check('visitor', directory.get('visitorKeys').count - 1);
  check('name', textCount);
  if (badPrefix >= 0) {
    throw new FormatError('indexOutOfRange', directory.get('textPrefixes').startOf(badPrefix));
  }
  check('context', (contexts?.count ?? 0) / stride);
  check('contexts', textCount, (row) => row % stride < CONTEXT_ATTRIBUTES.length);
}

function content(directory, base, times, texts) {
  const keys = directory.get('visitorKeys').entries().map((key) => key.toString('hex'));
  const encoding = { ...describe(directory), visitor_keys: keys };
  if (directory.get('texts')) encoding.texts = texts;
  const contexts = [];
  const view = directory.get('contexts');
  if (view) {
    const cells = view.integers();
    const rows = [];
    for (let at = 0; at < cells.length; at += view.parameter) rows.push(cells.slice(at, at + view.parameter));
    contexts.push(...rows.map((row) => readContext(row, texts)));
    encoding.contexts = rows.map((row, index) =>
      row.length > CONTEXT_CELLS
        ? { ...contexts[index], extra: row.slice(CONTEXT_CELLS) }
        : contexts[index],
    );
  }
  const element = (name, row) => directory.get(name)?.integer(row) ?? 0;
  const scale = 10n ** BigInt(directory.get('value')?.parameter ?? 0);
  const events = times.map((time, row) => {
    const event = { time: String(time), kind: nameOf(EVENT_KINDS, element('kind', row)) };
    event.visitor = keys[element('visitor', row)];
    const name = element('name', row);
    if (name !== 0) event.name = texts[name - 1];
    const context = element('context', row);
    if (context !== 0) event.context = contexts[context - 1];
    const value = BigInt(element('value', row)) * scale;
    if (value !== 0n) event.value = String(value);
    const id = BigInt(element('eventID', row));
    if (id !== 0n) event.event_id = String(id);
    return event;
  });
  return { base_time: String(base), events, encoding };
}

function readContext(cells, texts) {
  const context = {};
  CONTEXT_ATTRIBUTES.forEach((name, cell) => {
    if (cells[cell] !== 0) context[name] = texts[cells[cell] - 1];
  });
  if (cells[CONTEXT_CELLS - 1] & 1) context.knownBot = true;
  return context;
}

const READERS = { HELLO: readHello, ASSIGN: readAssign, LOOKUP: readLookup, STATUS: readStatus };

/** The content of a request, behind a header that was judged. */
export function decodeRequest(operation, frame) {
  return READERS[operation](frame);
}
