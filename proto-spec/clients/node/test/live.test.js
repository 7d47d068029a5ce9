import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';
import { SojournClient } from '../index.js';
import { open } from './zmtp-socket.js';

const BINARY = process.env.SOJOURN_BINARY;
const NOON = 1_749_988_800_000;
const MINUTE = 60_000;
const view = (minutes, name) => ({ time: NOON + minutes * MINUTE, kind: 'view', visitor: 'anna', name });

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** Runs the server program for as long as the test runs. */
async function withServer(use) {
  const port = await freePort();
  const endpoint = `tcp://127.0.0.1:${port}`;
  const start = async () => {
    const options = ['--listen', endpoint, '--secret-file', secret, '--log-level', 'warning'];
    const server = spawn(BINARY, ['serve', ...options]);
    for (let turn = 0; turn < 200 && !(await listens(port)); turn++) await sleep(50);
    return server;
  };
  const server = await start();
  try {
    await use(endpoint, server);
  } finally {
    server.kill('SIGKILL');
  }
}

/** Servers of one secret are one deployment. */
const folder = mkdtempSync(join(tmpdir(), 'sojourn-'));
const secret = join(folder, 'secret.txt');
writeFileSync(secret, '000102030405060708090a0b0c0d0e0f\n', { mode: 0o600 });
after(() => rmSync(folder, { recursive: true }));

const isSkipped = BINARY === undefined && 'SOJOURN_BINARY is not set';

test('a real server assigns, revises, knows, and refuses', { skip: isSkipped }, () =>
  withServer(async (endpoint) => {
    const client = await SojournClient.connect({ endpoints: [endpoint], open });
    const context = { device: 'phone', campaignName: 'spring' };
    const order = { ...view(2, 'order'), kind: 'conversion', value: '12.50' };
    const first = await client.assign(
      [{ ...view(0, '/home'), context }, order, view(37, '/next'), { ...view(0), visitor: 'bo', kind: 'heartbeat' }],
      1,
    );
    assert.deepEqual(
      first.assignments.map(({ outcome }) => outcome),
      ['new', 'extended', 'new', 'rejectedNoSession'],
    );
    const [opened] = first.assignments;
    const next = first.assignments[2];
    assert.equal(next.ordinal, 2);

    const [known] = (await client.lookup('anna', 1)).sessions;
    assert.equal(known.value, 12_500_000n);
    assert.deepEqual(known.context, { ...context, channel: 'unassigned' });
    assert.deepEqual(known.path, [{ after: 0, page: '/home' }]);
    assert.equal(known.boundaryOut, 'idle');

    const bridge = await client.assign([view(12, '/between')], 1);
    assert.equal(bridge.assignments[0].outcome, 'merged');
    const [{ from, into, cause }] = bridge.revisions;
    assert.deepEqual([from, into, cause], [next.sessionId, opened.sessionId, 'bridge']);
    assert.equal((await client.lookupSession(from, 1)).sessions[0].id, into);

    const refusal = await client.assign([view(0)], 77).catch((error) => error);
    assert.equal(refusal.codeName, 'unknownProperty');
    assert.equal(refusal.offset, 36);
    assert.ok((await client.status()).gauges.size > 5);
    await client.close();
  }));

test('many batches are on their way at once', { skip: isSkipped }, () =>
  withServer(async (endpoint) => {
    const client = await SojournClient.connect({ endpoints: [endpoint], open });
    const answers = Array.from({ length: 300 }, (_, row) => client.assign([view(row / 100, `/${row}`)], 1));
    const positions = (await Promise.all(answers)).map(({ assignments }) => assignments[0].position);
    assert.deepEqual(positions, Array.from({ length: 300 }, (_, row) => row + 1));
    await client.close();
  }));

test('a batch that is sent again by another client is applied once', { skip: isSkipped }, () =>
  withServer(async (endpoint) => {
    const ids = [];
    for (let turn = 0; turn < 2; turn++) {
      const options = { endpoints: [endpoint], open, producer: 77n, firstSequence: 5n };
      const client = await SojournClient.connect(options);
      ids.push((await client.assign([view(0, '/')], 1)).assignments[0].sessionId);
      assert.equal((await client.lookup('anna', 1)).sessions[0].events, 1);
      await client.close();
    }
    assert.equal(ids[0], ids[1]);
  }));

test('the next server is taken when one dies', { skip: isSkipped }, () =>
  withServer((one, first) =>
    withServer(async (other) => {
      const client = await SojournClient.connect({ endpoints: [one, other], open, attemptTimeout: 500 });
      await client.assign([view(0, '/')], 1);
      first.kill('SIGKILL');
      assert.equal((await client.assign([view(1, '/')], 1)).assignments[0].position, 1);
      await client.close();
    })));
