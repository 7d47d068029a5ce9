// CRC-32C, eight bytes at a time: table k holds the checksum of a byte with k zero bytes behind it.

const POLYNOMIAL = 0x82f63b78;
const TABLES = Array.from({ length: 8 }, () => new Uint32Array(256));

for (let byte = 0; byte < 256; byte++) {
  let checksum = byte;
  for (let bit = 0; bit < 8; bit++) {
    checksum = checksum & 1 ? (checksum >>> 1) ^ POLYNOMIAL : checksum >>> 1;
  }
  TABLES[0][byte] = checksum;
}
for (let table = 1; table < 8; table++) {
  for (let byte = 0; byte < 256; byte++) {
    const before = TABLES[table - 1][byte];
    TABLES[table][byte] = (before >>> 8) ^ TABLES[0][before & 0xff];
  }
}
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES;

/**
 * The checksum of a part of the bytes, as an unsigned number.
 *
 * @param {Uint8Array} bytes
 * @param {number} [start]
 * @param {number} [end]
 * @returns {number}
 */
export function crc32c(bytes, start = 0, end = bytes.length) {
  let checksum = -1;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    checksum =
      T7[(checksum ^ bytes[at]) & 0xff] ^
      T6[((checksum >>> 8) ^ bytes[at + 1]) & 0xff] ^
      T5[((checksum >>> 16) ^ bytes[at + 2]) & 0xff] ^
      T4[(checksum >>> 24) ^ bytes[at + 3]] ^
      T3[bytes[at + 4]] ^
      T2[bytes[at + 5]] ^
      T1[bytes[at + 6]] ^
      T0[bytes[at + 7]];
  }
  for (; at < end; at++) checksum = (checksum >>> 8) ^ T0[(checksum ^ bytes[at]) & 0xff];
  return ~checksum >>> 0;
}
