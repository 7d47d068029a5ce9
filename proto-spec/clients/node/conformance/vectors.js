// Runs all golden messages; exits with 1 when one fails.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { inflateSync } from 'node:zlib';
import {
  FormatError,
  encodeBatch,
  helloRequest,
  lookupRequest,
  readHeader,
  seal,
  statusRequest,
} from '../index.js';
import { encodeAssignRequest } from './encoding.js';
import { decodeReply } from './reply-content.js';
import { encodeReply } from './reply-encoder.js';
import { decodeRequest } from './request-decoder.js';

const inflate = (base64) => inflateSync(Buffer.from(base64, 'base64'));

function readVectors(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
  if (names.length === 0) throw new Error(`no golden messages in ${folder}`);
  return names.map((name) => {
    const vector = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    vector.frame =
      vector.frame === undefined ? inflate(vector.frame_zlib_base64) : Buffer.from(vector.frame, 'hex');
    if (vector.body_zlib_base64) vector.body = JSON.parse(inflate(vector.body_zlib_base64).toString());
    return vector;
  });
}

const readVectorHeader = ({ header }) => ({
  operation: header.operation,
  isReply: header.flags === 1,
  correlation: BigInt(header.correlation),
  producer: BigInt(header.producer),
  sequence: BigInt(header.sequence),
  deadline: header.deadline,
  property: header.property,
  deployment: BigInt(header.deployment),
});

const describeHeader = (header) => ({
  version: 1,
  operation: header.operation,
  flags: header.isReply ? 1 : 0,
  correlation: String(header.correlation),
  producer: String(header.producer),
  sequence: String(header.sequence),
  deadline: header.deadline,
  property: header.property,
  deployment: String(header.deployment),
});

function encodeRequest(operation, body) {
  if (operation === 'HELLO') {
    return helloRequest({
      lowestVersion: body.lowest_version,
      highestVersion: body.highest_version,
      features: body.features,
      deployment: Buffer.from(body.deployment, 'hex'),
      name: body.name,
    });
  }
  if (operation === 'LOOKUP') return lookupRequest(body.by === 'visitor' ? 1 : 2, Buffer.from(body.key, 'hex'));
  return operation === 'STATUS' ? statusRequest() : encodeAssignRequest(body);
}

/** The batch as a user of the client would give it. */
const eventsOf = (body) =>
  body.events.map(({ time, visitor, value, event_id: id, ...rest }) => ({
    ...rest,
    time: Number(time),
    visitor: Buffer.from(visitor, 'hex'),
    value: BigInt(value ?? 0),
    eventId: BigInt(id ?? 0),
  }));

let batches = 0;
let ownChoices = 0;

function decode(vector, frame) {
  const header = readHeader(frame, vector.direction);
  const decoder = vector.direction === 'reply' ? decodeReply : decodeRequest;
  return { header, body: decoder(header.operation, frame) };
}

function encode(vector) {
  const header = readVectorHeader(vector);
  const encoder = vector.direction === 'reply' ? encodeReply : encodeRequest;
  const frame = seal(encoder(header.operation, vector.body), header);
  if (!frame.equals(vector.frame)) {
    return `the bytes differ at ${frame.findIndex((byte, at) => byte !== vector.frame[at])}`;
  }
  if (vector.direction === 'reply' || header.operation !== 'ASSIGN') return null;

  // The client's own choices: the same content, and the same bytes where the choices are the same.
  batches++;
  const own = seal(encodeBatch(eventsOf(vector.body)).frame, header);
  const { body } = decode(vector, own);
  if (!isDeepStrictEqual(body.events, vector.body.events)) return 'the batch has another content';
  const isSameChoice = isDeepStrictEqual(body, vector.body);
  if (isSameChoice) ownChoices++;
  return isSameChoice && !own.equals(vector.frame) ? 'the batch has other bytes' : null;
}

function decodeExactly(vector) {
  const { header, body } = decode(vector, vector.frame);
  const described = describeHeader(header);
  if (!isDeepStrictEqual(described, vector.header)) {
    return `the header is read as ${JSON.stringify(described)}`;
  }
  return isDeepStrictEqual(body, vector.body)
    ? null
    : `the body is read as ${JSON.stringify(body).slice(0, 2_000)}`;
}

function refuse(vector) {
  try {
    decode(vector, vector.frame);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const isRight = error.codeName === vector.error && error.offset === vector.offset;
    return isRight ? null : `refused with ${error.codeName} at ${error.offset}, not ${vector.error} at ${vector.offset}`;
  }
  return 'it was taken';
}

function run(vectors, check) {
  let good = 0;
  for (const vector of vectors) {
    let failure;
    try {
      failure = check(vector);
    } catch (error) {
      failure = String(error);
    }
    if (failure === null) good++;
    else console.log(`FAIL ${vector.name}: ${failure}`);
  }
  return `${good}/${vectors.length}`;
}

if (process.argv.length !== 3) {
  console.error('usage: vectors DIR');
  process.exit(64);
}
const valid = readVectors(join(process.argv[2], 'valid'));
const invalid = readVectors(join(process.argv[2], 'invalid'));
const counts = [run(valid, encode), run(valid, decodeExactly), run(invalid, refuse)];
console.error(`${ownChoices} of ${batches} batches have the bytes that encodeBatch writes by itself`);
console.log(`RESULT valid-encoded ${counts[0]} valid-decoded ${counts[1]} invalid-refused ${counts[2]}`);
const isGood = counts.every((count) => count.split('/')[0] === count.split('/')[1]);
process.exitCode = isGood ? 0 : 1;
