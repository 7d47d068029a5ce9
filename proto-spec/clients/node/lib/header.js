import { HEADER_BYTES, LIMITS, OPERATIONS, VERSION, nameOf } from './constants.js';
import { crc32c } from './crc32c.js';
import { FormatError } from './errors.js';

// See "Header" in the spec.

const MAGIC = 0x4e4a4f53;
const REPLY = 1;

/**
 * Writes the header, with both checksums, in front of the body that stands in the frame already.
 *
 * @param {Buffer} frame 64 bytes and the body
 * @param {import('../index.js').Header} header
 * @returns {Buffer} the frame
 */
export function seal(frame, header) {
  frame.writeUInt32LE(MAGIC, 0);
  frame[4] = VERSION;
  frame[5] = OPERATIONS[header.operation];
  frame.writeUInt16LE(header.isReply ? REPLY : 0, 6);
  frame.writeBigUInt64LE(header.correlation, 8);
  frame.writeBigUInt64LE(header.producer ?? 0n, 16);
  frame.writeBigUInt64LE(header.sequence ?? 0n, 24);
  frame.writeUInt32LE(header.deadline ?? 0, 32);
  frame.writeUInt32LE(header.property ?? 0, 36);
  frame.writeBigUInt64LE(header.deployment ?? 0n, 40);
  frame.writeUInt32LE(frame.length - HEADER_BYTES, 48);
  frame.writeUInt32LE(crc32c(frame, HEADER_BYTES), 52);
  frame.writeUInt32LE(0, 56);
  frame.writeUInt32LE(crc32c(frame, 0, 60), 60);
  return frame;
}

/**
 * Reads and judges a header, and the checksum of the body.
 *
 * @param {Buffer} frame
 * @param {'request' | 'reply'} direction which it must have
 * @returns {import('../index.js').Header}
 * @throws {FormatError} with the lowest code that applies
 */
export function readHeader(frame, direction) {
  const require = (isGood, code, offset = null) => {
    if (!isGood) throw new FormatError(code, offset);
  };
  require(frame.length >= HEADER_BYTES, 'truncatedHeader');
  require(frame.readUInt32LE(0) === MAGIC, 'badMagic');
  require(frame[4] === VERSION, 'unsupportedVersion', 4);
  require(frame.readUInt32LE(60) === crc32c(frame, 0, 60), 'badHeaderChecksum', 60);
  const operation = nameOf(OPERATIONS, frame[5]);
  const flags = frame.readUInt16LE(6);
  const isReply = (flags & REPLY) !== 0;
  const isExpected = direction === 'reply' ? isReply : !isReply && operation !== 'ERROR';
  require(isExpected, 'unexpectedReply');
  require(typeof operation === 'string', 'unknownOperation', 5);
  require((flags & ~REPLY) === 0, 'unknownFlags', 6);
  require(frame.readUInt32LE(56) === 0, 'reservedNotZero', 56);
  // A reply may be larger than any request.
  require(direction === 'reply' || frame.length <= LIMITS.messageBytesMax, 'messageTooLarge');
  require(frame.readUInt32LE(48) === frame.length - HEADER_BYTES, 'badBodyLength', 48);
  require(frame.readUInt32LE(52) === crc32c(frame, HEADER_BYTES), 'badBodyChecksum', 52);
  return {
    operation,
    isReply,
    correlation: frame.readBigUInt64LE(8),
    producer: frame.readBigUInt64LE(16),
    sequence: frame.readBigUInt64LE(24),
    deadline: frame.readUInt32LE(32),
    property: frame.readUInt32LE(36),
    deployment: frame.readBigUInt64LE(40),
  };
}
