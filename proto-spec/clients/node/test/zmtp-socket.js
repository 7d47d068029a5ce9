import { connect } from 'node:net';

// As much of ZMTP 3.0 as a DEALER on TCP needs to talk to a server in a test:
//
//     greeting (64 bytes each way), then the command READY, then messages of frames
//     frame = flags (1: more follow, 2: long, 4: command), size (1 byte, or 8 when long), body

const MORE = 1;
const LONG = 2;
const COMMAND = 4;

function greeting() {
  const bytes = Buffer.alloc(64);
  bytes[0] = 0xff;
  bytes[8] = 1;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.write('NULL', 12);
  return bytes;
}

function frame(flags, body) {
  const head = Buffer.alloc(body.length > 255 ? 9 : 2);
  head[0] = body.length > 255 ? flags | LONG : flags;
  if (body.length > 255) head.writeBigUInt64BE(BigInt(body.length), 1);
  else head[1] = body.length;
  return Buffer.concat([head, body]);
}

function ready() {
  const type = Buffer.from('\x05READY\x0bSocket-Type\0\0\0\x06DEALER', 'latin1');
  return frame(COMMAND, type);
}

/** For the client's options: a socket to `tcp://HOST:PORT`. */
export function open(endpoint) {
  const { hostname, port } = new URL(endpoint.replace('tcp:', 'http:'));
  const socket = connect(Number(port), hostname);
  // Who iterates sees errors; they are no reason to end the process.
  socket.on('error', () => {});
  socket.write(greeting());
  let pass;
  const isReady = new Promise((resolve) => {
    pass = resolve;
  });
  return {
    async send(bytes) {
      await isReady;
      socket.write(frame(0, bytes));
    },
    close: () => socket.destroy(),
    async *[Symbol.asyncIterator]() {
      let buffer = Buffer.alloc(0);
      let hasGreeting = false;
      let message = [];
      for await (const chunk of socket) {
        buffer = Buffer.concat([buffer, chunk]);
        if (!hasGreeting) {
          if (buffer.length < 64) continue;
          hasGreeting = true;
          buffer = buffer.subarray(64);
          socket.write(ready());
        }
        while (true) {
          const headLength = buffer[0] & LONG ? 9 : 2;
          if (buffer.length < headLength) break;
          const size = buffer[0] & LONG ? Number(buffer.readBigUInt64BE(1)) : buffer[1];
          if (buffer.length < headLength + size) break;
          const flags = buffer[0];
          const body = buffer.subarray(headLength, headLength + size);
          buffer = buffer.subarray(headLength + size);
          if (flags & COMMAND) {
            pass();
            continue;
          }
          message.push(body);
          if (flags & MORE) continue;
          yield message;
          message = [];
        }
      }
    },
  };
}
