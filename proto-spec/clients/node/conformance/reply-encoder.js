import { BOUNDARIES, CONTEXT_ATTRIBUTES, ERRORS, OUTCOMES, REVISION_CAUSES } from '../index.js';
import { numbersOf, textParts, writeEncoded } from './encoding.js';

// Writes replies as a server does, from the form of the golden messages.

const BODY = 64;
const STATE_BITS = { late: 8, merged: 16, automated: 32, ended: 64, engaged: 128 };

const uuid = (text) => Buffer.from(text.replaceAll('-', ''), 'hex');

const stateByte = (state) =>
  Object.keys(STATE_BITS).reduce(
    (bits, name) => (state[name] ? bits | STATE_BITS[name] : bits),
    BOUNDARIES[state.boundary],
  );

function hello(body) {
  const name = Buffer.from(body.name);
  const version = Buffer.from(body.server_version);
  const frame = Buffer.concat([Buffer.alloc(BODY + 72), name, version]);
  frame[BODY] = body.version;
  frame.writeUInt32LE(body.features, BODY + 4);
  frame.write(body.deployment, BODY + 8, 'hex');
  frame.writeBigInt64LE(BigInt(body.server_time), BODY + 24);
  frame.writeUInt32LE(body.message_bytes, BODY + 32);
  frame.writeUInt32LE(body.batch_events, BODY + 36);
  frame.writeUInt16LE(body.visitor_key_bytes, BODY + 40);
  frame.writeUInt16LE(body.text_bytes, BODY + 42);
  const limits = ['batch_texts', 'batch_contexts', 'credit', 'producer_window', 'partitions'];
  limits.forEach((limit, row) => frame.writeUInt32LE(body[limit], BODY + 44 + 4 * row));
  frame.writeUInt16LE(name.length, BODY + 64);
  frame.writeUInt16LE(version.length, BODY + 66);
  frame.writeUInt16LE(body.first_partition, BODY + 68);
  frame.writeUInt16LE(body.last_partition, BODY + 70);
  return frame;
}

function assign(body) {
  const { sessions, events, revisions } = body;
  const ids = sessions.map(({ id }) => uuid(id));
  const fixed = Buffer.alloc(24);
  fixed.writeUInt32LE(events.length, 0);
  fixed.writeUInt32LE(sessions.length, 8);
  fixed.writeUInt32LE(revisions.length, 12);
  fixed.writeBigInt64LE(BigInt(body.clock), 16);
  return writeEncoded(fixed, body.encoding, {
    sessionID: ids,
    sessionShift: sessions.map(({ start }, row) => BigInt(ids[row].readUIntBE(0, 6)) - BigInt(start)),
    ordinal: sessions.map(({ ordinal }) => ordinal),
    sessionState: sessions.map(stateByte),
    session: events.map(({ session }) => (session === null ? 0 : session + 1)),
    position: events.map(({ position }) => position),
    outcome: events.map(({ outcome }) => OUTCOMES[outcome]),
    revisionNumber: revisions.map(({ number }) => BigInt(number)),
    revisionFrom: revisions.map(({ from }) => uuid(from)),
    revisionInto: revisions.map(({ into }) => uuid(into)),
    revisionCause: revisions.map(({ cause }) => REVISION_CAUSES[cause]),
    revisionPartition: revisions.map(({ partition }) => partition),
  });
}

function lookup(body) {
  const texts = numbersOf(body.encoding.texts ?? []);
  const path = [];
  const records = body.sessions.map((session) => {
    const record = Buffer.alloc(128);
    uuid(session.id).copy(record);
    const longs = [session.first_event, session.last_event, session.value, session.engaged];
    longs.forEach((value, row) => record.writeBigInt64LE(BigInt(value), 16 + 8 * row));
    const counts = [session.ordinal, session.events, session.views, session.actions, session.conversions];
    counts.forEach((value, row) => record.writeUInt32LE(value, 48 + 4 * row));
    record[68] = stateByte(session.state);
    record[69] = session.boundary_out === null ? 255 : BOUNDARIES[session.boundary_out];
    CONTEXT_ATTRIBUTES.forEach((name, cell) =>
      record.writeUInt32LE(texts.get(session.context[name]), 72 + 4 * cell));
    record.writeUInt32LE(texts.get(session.landing_page), 104);
    record.writeUInt32LE(texts.get(session.exit_page), 108);
    record.writeUInt32LE(path.length, 112);
    record.writeUInt32LE(session.path.length, 116);
    record.writeBigInt64LE(BigInt(session.finishes), 120);
    for (const { after, page } of session.path) {
      const step = Buffer.alloc(8);
      step.writeUInt32LE(after, 0);
      step.writeUInt32LE(texts.get(page), 4);
      path.push(step);
    }
    return record;
  });
  const fixed = Buffer.alloc(16);
  fixed.writeUInt32LE(records.length, 0);
  fixed.writeBigInt64LE(BigInt(body.clock), 8);
  return writeEncoded(fixed, body.encoding, { ...textParts(body.encoding), sessions: records, path });
}

function status(body) {
  const fixed = Buffer.alloc(16);
  fixed.writeUInt32LE(body.gauges.length, 0);
  fixed.writeBigInt64LE(BigInt(body.server_time), 8);
  return writeEncoded(fixed, body.encoding, {
    texts: body.gauges.map(({ name }) => Buffer.from(name)),
    gauges: body.gauges.map(({ value }) => BigInt(value)),
  });
}

function error(body) {
  const message = Buffer.from(body.message);
  const frame = Buffer.concat([Buffer.alloc(BODY + 16), message]);
  frame.writeUInt16LE(ERRORS[body.code], BODY);
  frame[BODY + 2] = body.retriable ? 1 : 0;
  frame.writeUInt32LE(body.retry_after, BODY + 4);
  frame.writeUInt32LE(body.offset ?? 0xffffffff, BODY + 8);
  frame[BODY + 12] = body.lowest_version;
  frame[BODY + 13] = body.highest_version;
  frame.writeUInt16LE(message.length, BODY + 14);
  return frame;
}

const WRITERS = { HELLO: hello, ASSIGN: assign, LOOKUP: lookup, STATUS: status, ERROR: error };

/** The frame of a reply, without its header. */
export function encodeReply(operation, body) {
  return WRITERS[operation](body);
}
