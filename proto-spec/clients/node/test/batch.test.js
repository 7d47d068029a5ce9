import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadUseError, crc32c, encodeBatch, microUnits, seal } from '../index.js';

const VIEW = { time: 1_749_988_800_000, kind: 'view', visitor: 'anna', name: '/home' };
const encode = (...events) =>
  seal(encodeBatch(events).frame, {
    operation: 'ASSIGN', isReply: false, correlation: 7n, producer: 1n, sequence: 1n, property: 1,
  });

function assertBadUse(kind, use) {
  assert.throws(use, (error) => {
    assert.ok(error instanceof BadUseError, String(error));
    assert.equal(error.kind, kind);
    assert.equal(error.mayHaveBeenApplied, false);
    return true;
  });
}

test('the checksum is that of the spec', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(0)), 0);
});

test('the worked example of the spec has its bytes', () => {
  const frame = encode(VIEW);
  assert.equal(frame.length, 64 + 159);
  assert.equal(frame.toString('hex', 48, 64), '9f0000000c05744100000000c1732750');
});

test('dates and bytes say the same as numbers and strings', () => {
  const other = { ...VIEW, time: new Date('2025-06-15T12:00:00Z'), visitor: Buffer.from('anna') };
  assert.ok(encode(VIEW).equals(encode(other)));
});

test('an empty batch is bad use', () => assertBadUse('emptyBatch', () => encode()));

test('a batch has at most 65,535 events', () => {
  const events = new Array(65_535).fill(VIEW);
  encode(...events);
  assertBadUse('batchTooLarge', () => encode(...events, VIEW));
});

test('a message has at most 4 MiB, and its texts at most 8 MiB', () => {
  const long = (count, size) =>
    Array.from({ length: count }, (_, row) => ({ ...VIEW, name: `${row}${'x'.repeat(size)}` }));
  assertBadUse('batchTooLarge', () => encode(...long(5_000, 1_000)));
  assertBadUse('batchTooLarge', () => encode(...long(4_200, 2_040)));
});

test('keys have 1 to 128 bytes', () => {
  for (const visitor of ['', 'x'.repeat(129), Buffer.alloc(0), undefined, 7]) {
    assertBadUse('badKey', () => encode({ ...VIEW, visitor }));
  }
  encode({ ...VIEW, visitor: 'x'.repeat(128) });
});

test('texts have 1 to 2,048 bytes and are Unicode', () => {
  for (const name of ['', 'x'.repeat(2_049), 'é'.repeat(1_025), 'a\ud800b', 7]) {
    assertBadUse('badText', () => encode({ ...VIEW, name }));
  }
  assertBadUse('badText', () => encode({ ...VIEW, context: { region: '' } }));
  encode({ ...VIEW, name: 'é'.repeat(1_024) });
});

test('times are whole and from 0 up to 2^48', () => {
  for (const time of [-1, 2 ** 48, 1.5, NaN, Infinity, undefined, '7', new Date(NaN)]) {
    assertBadUse('badTime', () => encode({ ...VIEW, time }));
  }
  encode({ ...VIEW, time: 0 }, { ...VIEW, time: 2 ** 48 - 1 });
});

test('kinds and ids of events are checked', () => {
  assertBadUse('badKind', () => encode({ ...VIEW, kind: 'click' }));
  assertBadUse('badEventId', () => encode({ ...VIEW, eventId: -1n }));
  assertBadUse('badEventId', () => encode({ ...VIEW, eventId: 2n ** 64n }));
});

test('values are exact', () => {
  assert.equal(microUnits(12.5), 12_500_000n);
  assert.equal(microUnits(0.1), 100_000n);
  assert.equal(microUnits('-0.000001'), -1n);
  assert.equal(microUnits('12.5000000000'), 12_500_000n);
  assert.equal(microUnits('-9223372036854.775808'), -(2n ** 63n));
  assert.equal(microUnits(5n), 5n);
  const bad = [
    NaN, Infinity, 0.1 + 0.2, 1e-7, 1e13, '0.0000001', '9223372036854.775808', '', 'x', '1e3', null,
    2n ** 63n, {},
  ];
  for (const value of bad) assertBadUse('badValue', () => microUnits(value));
});
