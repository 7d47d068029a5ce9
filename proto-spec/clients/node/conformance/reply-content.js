import {
  readAssignReply,
  readErrorReply,
  readHelloReply,
  readLookupReply,
  readStatusReply,
} from '../index.js';
import { Directory, readTexts } from '../lib/columns.js';
import { REPLY_COLUMNS } from '../lib/messages.js';
import { describe } from './encoding.js';

// What the client's readers make of replies, in the form of the golden messages.

const NO_CLOCK = '-9223372036854775808';
const clockText = (clock) => (clock === null ? NO_CLOCK : String(clock));

function hello(frame) {
  const info = readHelloReply(frame);
  return {
    version: info.version,
    features: info.features,
    deployment: info.deployment,
    server_time: String(info.serverTime),
    message_bytes: info.messageBytesMax,
    batch_events: info.batchEventsMax,
    visitor_key_bytes: info.visitorKeyBytesMax,
    text_bytes: info.textBytesMax,
    batch_texts: info.batchTextsMax,
    batch_contexts: info.batchContextsMax,
    credit: info.credit,
    producer_window: info.producerWindow,
    partitions: info.partitions,
    first_partition: info.firstPartition,
    last_partition: info.lastPartition,
    name: info.name,
    server_version: info.serverVersion,
  };
}

function assign(frame) {
  const reply = readAssignReply(frame);
  return {
    clock: clockText(reply.clock),
    sessions: reply.sessions.map((session) => ({ ...session, start: String(session.start) })),
    events: reply.events,
    revisions: reply.revisions.map((revision) => ({ ...revision, number: String(revision.number) })),
    encoding: describe(new Directory(frame, 24, REPLY_COLUMNS.ASSIGN)),
  };
}

function lookup(frame) {
  const reply = readLookupReply(frame);
  const directory = new Directory(frame, 16, REPLY_COLUMNS.LOOKUP);
  const encoding = describe(directory);
  if (directory.get('texts')) encoding.texts = readTexts(directory.get('texts')).texts;
  return { clock: clockText(reply.clock), sessions: reply.sessions.map(knownSession), encoding };
}

function knownSession(session) {
  const { id, ordinal, events, views, actions, conversions, state, context } = session;
  return {
    id, ordinal, events, views, actions, conversions, state, context,
    first_event: String(session.firstEvent),
    last_event: String(session.lastEvent),
    value: String(session.value),
    engaged: String(session.engaged),
    boundary_out: session.boundaryOut,
    ...(session.landingPage === null ? {} : { landing_page: session.landingPage }),
    ...(session.exitPage === null ? {} : { exit_page: session.exitPage }),
    path: session.path.map(({ after, page }) => (page === null ? { after } : { after, page })),
    finishes: String(session.finishes),
  };
}

function status(frame) {
  const { serverTime, gauges } = readStatusReply(frame);
  return {
    server_time: String(serverTime),
    gauges: [...gauges].map(([name, value]) => ({ name, value: String(value) })),
    encoding: describe(new Directory(frame, 16, REPLY_COLUMNS.STATUS)),
  };
}

function error(frame) {
  const refusal = readErrorReply(frame);
  return {
    code: refusal.codeName,
    retriable: refusal.isRetriable,
    retry_after: refusal.retryAfter,
    offset: refusal.offset,
    lowest_version: refusal.lowestVersion,
    highest_version: refusal.highestVersion,
    message: refusal.message,
  };
}

const READERS = { HELLO: hello, ASSIGN: assign, LOOKUP: lookup, STATUS: status, ERROR: error };

/** The content of a reply, behind a header that was judged. */
export function decodeReply(operation, frame) {
  return READERS[operation](frame);
}
