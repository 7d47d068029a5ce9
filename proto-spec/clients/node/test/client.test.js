import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import {
  BadUseError,
  ClosedError,
  FormatError,
  NoAnswerError,
  RefusedError,
  SojournClient,
  readHeader,
  seal,
  zeromqDealer,
} from '../index.js';
import { FakeServer, assigned, nothingKnown, refusal, status } from './fake-server.js';

const VIEW = { time: 1_749_988_800_000, kind: 'view', visitor: 'anna', name: '/home' };
const QUICK = { timeout: 10_000, attemptTimeout: 60, attempts: 3, producer: 7n };
const ENDPOINTS = ['tcp://a:1', 'tcp://b:2'];

async function connect(server, options = {}) {
  return SojournClient.connect({ endpoints: ENDPOINTS, open: server.open, ...QUICK, ...options });
}

/** A server that answers everything. */
function answering() {
  const server = new FakeServer();
  server.onRequest = (frame, { operation }) => {
    const answers = { ASSIGN: assigned, LOOKUP: nothingKnown, STATUS: status };
    server.answer(answers[operation](frame));
  };
  return server;
}

const failure = (promise) => promise.then(() => assert.fail('it succeeded'), (error) => error);

test('assigns, looks up, and asks for the status', async () => {
  const server = answering();
  const client = await connect(server);
  assert.equal(client.server.credit, 4);
  const answer = await client.assign([VIEW, VIEW], 1);
  assert.deepEqual(answer.assignments.map(({ position }) => position), [1, 2]);
  assert.equal(answer.assignments[0].sessionId, '01977375-f600-7000-8000-0000ddc0ffee');
  assert.equal(answer.assignments[0].outcome, 'new');
  assert.equal(answer.assignments[0].boundary, 'first');
  assert.equal(answer.assignments[0].ordinal, 1);
  assert.equal(answer.sequence, 1n);
  assert.equal(answer.clock, null);
  assert.deepEqual(answer.revisions, []);
  assert.deepEqual((await client.lookup('anna', 1)).sessions, []);
  const id = answer.assignments[0].sessionId;
  assert.deepEqual((await client.lookupSession(id, 1)).sessions, []);
  assert.equal((await client.status()).gauges.size, 0);
  const header = readHeader(server.sentOf('ASSIGN')[0], 'request');
  assert.equal(header.deployment, 9n);
  assert.equal(header.producer, 7n);
  await client.close();
});

test('batches are numbered in order, and no more than the credit are in flight', async () => {
  const server = new FakeServer();
  const client = await connect(server, { firstSequence: 41n });
  const answers = Array.from({ length: 6 }, () => client.assign([VIEW], 1));
  await sleep(5);
  assert.equal(server.sentOf('ASSIGN').length, 4);
  server.onRequest = (frame) => server.answer(assigned(frame));
  for (const frame of server.sentOf('ASSIGN')) server.answer(assigned(frame));
  const sequences = (await Promise.all(answers)).map(({ sequence }) => sequence);
  assert.deepEqual(sequences, [41n, 42n, 43n, 44n, 45n, 46n]);
  await client.close();
});

test('without an answer the same frame goes to the next endpoint', async () => {
  const server = new FakeServer();
  server.onRequest = (frame) => {
    if (server.socket.endpoint === 'tcp://b:2') server.answer(assigned(frame));
  };
  const client = await connect(server);
  assert.equal((await client.assign([VIEW], 1)).sequence, 1n);
  const [first, second] = server.sentOf('ASSIGN');
  assert.ok(first.equals(second));
  assert.equal(server.sentOf('HELLO').length, 2);
  assert.ok(server.connections[0].isClosed);
  await client.close();
});

test('a connection that is cut is replaced at once', async () => {
  const server = new FakeServer();
  const client = await connect(server, { attemptTimeout: 500 });
  const answer = client.assign([VIEW], 1);
  await sleep(5);
  server.onRequest = (frame) => server.answer(assigned(frame));
  server.socket.close();
  assert.equal((await answer).assignments.length, 1);
  assert.equal(server.connections.length, 2);
  await client.close();
});

test('after the last attempt the outcome is unknown', async () => {
  const server = new FakeServer();
  const client = await connect(server);
  const error = await failure(client.assign([VIEW], 1));
  assert.ok(error instanceof NoAnswerError);
  assert.equal(error.mayHaveBeenApplied, true);
  assert.equal(server.sentOf('ASSIGN').length, 3);
  const other = await failure(client.status());
  assert.equal(other.mayHaveBeenApplied, false);
  await client.close();
});

test('a server that is down is reported, and nothing was applied', async () => {
  const server = new FakeServer();
  server.greets = false;
  const error = await failure(connect(server, { timeout: 150 }));
  assert.ok(error instanceof NoAnswerError);
  assert.equal(error.mayHaveBeenApplied, false);
  assert.match(error.message, /no connection to tcp:/);
  const refusing = () => {
    throw new Error('refused');
  };
  const refused = await failure(connect(server, { open: refusing, timeout: 150 }));
  assert.match(refused.message, /refused/);
});

test('an overloaded server is left alone as long as it asks', async () => {
  const server = new FakeServer();
  let refusals = 0;
  const times = [];
  server.onRequest = (frame) => {
    times.push(performance.now());
    server.answer(refusals++ < 2 ? refusal(frame, 20, true, 30) : assigned(frame));
  };
  const client = await connect(server);
  await client.assign([VIEW], 1);
  assert.ok(times[1] - times[0] >= 29 && times[2] - times[1] >= 29, String(times));
  assert.equal(server.connections.length, 1);
  await client.close();
});

test('an overload that lasts is reported as not applied', async () => {
  const server = new FakeServer();
  server.onRequest = (frame) => server.answer(refusal(frame, 20, true, 50));
  const client = await connect(server, { timeout: 200 });
  const error = await failure(client.assign([VIEW], 1));
  assert.ok(error instanceof RefusedError);
  assert.equal(error.codeName, 'overloaded');
  assert.equal(error.retryAfter, 50);
  assert.equal(error.mayHaveBeenApplied, false);
  await client.close();
});

test('a draining server answers what it has and is left', async () => {
  const server = new FakeServer();
  const client = await connect(server, { attemptTimeout: 400 });
  const answers = [client.assign([VIEW], 1), client.assign([VIEW], 1)];
  await sleep(5);
  const [first, second] = server.sentOf('ASSIGN');
  server.onRequest = (frame) => server.answer(assigned(frame));
  server.answer(refusal(second, 21, true, 5));
  await sleep(5);
  assert.equal(server.connections.length, 1);
  server.answer(assigned(first));
  await Promise.all(answers);
  assert.equal(server.socket.endpoint, 'tcp://b:2');
  await client.close();
});

test('a refusal for good is reported at once; one of a repetition leaves the outcome unknown', async () => {
  const server = new FakeServer();
  server.onRequest = (frame) => server.answer(refusal(frame, 14));
  const client = await connect(server);
  const error = await failure(client.assign([VIEW], 1));
  assert.deepEqual(
    [error.code, error.codeName, error.offset, error.sentence, error.mayHaveBeenApplied],
    [14, 'unknownProperty', null, 'because', false],
  );
  let sends = 0;
  server.onRequest = (frame) => {
    if (++sends === 2) server.answer(refusal(frame, 60));
  };
  assert.equal((await failure(client.assign([VIEW], 1))).mayHaveBeenApplied, true);
  await client.close();
});

test('another deployment is refused', async () => {
  const error = await failure(connect(new FakeServer(), { deployment: '1'.repeat(32) }));
  assert.ok(error instanceof RefusedError);
  assert.equal(error.codeName, 'wrongDeployment');
});

test('unsound and unasked replies are ignored', async () => {
  const server = new FakeServer();
  server.onRequest = (frame) => {
    const damaged = assigned(frame);
    damaged[70] ^= 1;
    for (const bad of [Buffer.alloc(3), frame, status(frame), damaged]) server.answer(bad);
    server.answer(assigned(frame));
    server.answer(assigned(frame));
  };
  const client = await connect(server);
  assert.equal((await client.assign([VIEW], 1)).assignments.length, 1);
  assert.equal(server.connections.length, 1);
  await client.close();
});

test('a sound reply that breaks the protocol is reported', async () => {
  const server = new FakeServer();
  const client = await connect(server);
  const answer = client.assign([VIEW, VIEW], 1);
  await sleep(5);
  const frame = Buffer.from(server.sentOf('ASSIGN')[0]);
  const header = readHeader(frame, 'request');
  frame.writeUInt32LE(1, 64);
  server.answer(assigned(seal(frame, header)));
  const error = await failure(answer);
  assert.ok(error instanceof FormatError, String(error));
  assert.equal(error.codeName, 'badEventCount');
  assert.equal(error.mayHaveBeenApplied, true);
  await client.close();
});

test('batches wait for an old one that may be sent again', async () => {
  const server = new FakeServer();
  server.producerWindow = 2;
  const client = await connect(server, { attemptTimeout: 400 });
  const answers = Array.from({ length: 3 }, () => client.assign([VIEW], 1));
  await sleep(5);
  const frames = server.sentOf('ASSIGN');
  assert.equal(frames.length, 2);
  server.answer(assigned(frames[1]));
  await sleep(5);
  assert.equal(server.sentOf('ASSIGN').length, 2);
  server.onRequest = (frame) => server.answer(assigned(frame));
  server.answer(assigned(frames[0]));
  await Promise.all(answers);
  await client.close();
});

test('closing fails what is not answered', async () => {
  const server = new FakeServer();
  const client = await connect(server, { inFlightMax: 1 });
  const sent = failure(client.assign([VIEW], 1));
  const waiting = failure(client.assign([VIEW], 1));
  await sleep(5);
  await client.close();
  assert.ok((await sent) instanceof ClosedError);
  assert.equal((await sent).mayHaveBeenApplied, true);
  assert.equal((await waiting).mayHaveBeenApplied, false);
  assert.ok((await failure(client.status())) instanceof ClosedError);
});

test('bad use is found before anything is sent', async () => {
  const server = answering();
  const client = await connect(server);
  const uses = [
    ['emptyBatch', () => client.assign([], 1)],
    ['badOption', () => client.assign([VIEW], -1)],
    ['badKey', () => client.lookup('', 1)],
    ['badKey', () => client.lookupSession('x', 1)],
  ];
  for (const [kind, use] of uses) {
    const error = await failure(use());
    assert.ok(error instanceof BadUseError, String(error));
    assert.equal(error.kind, kind);
  }
  assert.equal((await client.assign([VIEW], 1)).sequence, 1n);
  await client.close();
});

test('options are checked', () => {
  const make = (options) => () => new SojournClient({ endpoints: ENDPOINTS, open: () => null, ...options });
  make({ endpoints: ['tcp://[::1]:1', 'ipc:///run/x'] })();
  for (const endpoint of ['', 'tcp://host', 'tcp://host:0', 'tcp://host:65536', 'udp://host:1', 7]) {
    assert.throws(make({ endpoints: [endpoint] }), { kind: 'badEndpoint' });
  }
  assert.throws(make({ endpoints: [] }), { kind: 'badEndpoint' });
  const bad = [
    { open: undefined }, { timeout: 0 }, { attemptTimeout: NaN }, { attempts: 0 }, { inFlightMax: 1.5 },
    { producer: 0n }, { producer: 7 }, { firstSequence: -1n }, { name: 'x'.repeat(256) },
    { deployment: 'x' },
  ];
  for (const options of bad) assert.throws(make(options), { kind: 'badOption' });
});

test('without the package zeromq its sockets are refused', async (context) => {
  const isThere = await import('zeromq').then(() => true, () => false);
  if (isThere) return context.skip('it is installed');
  const error = await failure(zeromqDealer());
  assert.equal(error.kind, 'unsupported');
  return undefined;
});

test('a buffered sender sends what is full or old, and what is left when it closes', async () => {
  const server = answering();
  const client = await connect(server);
  const sender = client.buffered({ property: 1, eventsMax: 3, delay: 20 });
  const full = await Promise.all([sender.add(VIEW), sender.add(VIEW), sender.add(VIEW)]);
  assert.deepEqual(full.map(({ position }) => position), [1, 2, 3]);
  assert.deepEqual(full[0].revisions, []);
  assert.equal((await sender.add(VIEW)).position, 1);
  assert.equal((await failure(sender.add({ ...VIEW, name: '' }))).kind, 'badText');
  const last = sender.add(VIEW);
  await sender.close();
  assert.equal((await last).position, 1);
  assert.equal(server.sentOf('ASSIGN').length, 3);
  assert.ok((await failure(sender.add(VIEW))) instanceof ClosedError);
  assert.throws(() => client.buffered({ property: 1, eventsMax: 0 }), { kind: 'badOption' });
  await client.close();
});
