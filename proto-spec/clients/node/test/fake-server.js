import { OPERATIONS, readHeader, seal } from '../index.js';

/** The other end of a client under test: notes what is sent, and makes answers. */
export class FakeServer {
  connections = [];
  sent = [];
  deployment = `${'0'.repeat(31)}9`;
  credit = 4;
  producerWindow = 128;
  /** Greets by itself. */
  greets = true;
  /** What is done with each other request: `(frame, header) => void`. */
  onRequest = () => {};

  /** For the client's options. */
  open = (endpoint) => {
    const socket = new FakeSocket(this, endpoint);
    this.connections.push(socket);
    return socket;
  };

  get socket() {
    return this.connections.at(-1);
  }

  sentOf(operation) {
    return this.sent.filter((frame) => readHeader(frame, 'request').operation === operation);
  }

  arrived(frame) {
    const header = readHeader(frame, 'request');
    this.sent.push(Buffer.from(frame));
    if (header.operation !== 'HELLO') this.onRequest(Buffer.from(frame), header);
    else if (this.greets) this.answer(this.hello(frame));
  }

  answer(frame) {
    this.socket.deliver(frame);
  }

  hello(request) {
    const frame = Buffer.alloc(64 + 72);
    frame[64] = 1;
    frame.write(this.deployment, 72, 'hex');
    frame.writeUInt32LE(4 << 20, 64 + 32);
    frame.writeUInt32LE(65_535, 64 + 36);
    frame.writeUInt32LE(65_535, 64 + 44);
    frame.writeUInt32LE(65_535, 64 + 48);
    frame.writeUInt32LE(this.credit, 64 + 52);
    frame.writeUInt32LE(this.producerWindow, 64 + 56);
    return reply(request, 'HELLO', frame);
  }
}

class FakeSocket {
  #messages = [];
  #wake = null;
  isClosed = false;

  constructor(server, endpoint) {
    this.server = server;
    this.endpoint = endpoint;
  }

  async send(frame) {
    if (this.isClosed) throw new Error('the socket is closed');
    this.server.arrived(frame);
  }

  deliver(message) {
    this.#messages.push(message);
    this.#wake?.();
  }

  close() {
    this.isClosed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator]() {
    while (true) {
      while (this.#messages.length > 0) yield [this.#messages.shift()];
      if (this.isClosed) return;
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A reply to a request, sealed. */
export function reply(request, operation, frame) {
  if (OPERATIONS[operation] === undefined) throw new Error(operation);
  return seal(frame, { ...readHeader(request, 'request'), operation, isReply: true, deadline: 0 });
}

/** An answer to a status without gauges. */
export const status = (request) => reply(request, 'STATUS', Buffer.alloc(64 + 16));

/** An answer to a look-up that knows nothing. */
export const nothingKnown = (request) => reply(request, 'LOOKUP', Buffer.alloc(64 + 16));

/** An answer to a batch in which every event opened the same session. */
export function assigned(request) {
  const events = request.readUInt32LE(64);
  const columns = [
    [32, 0, 16, 1, Buffer.from('01977375f60070008000' + '0000ddc0ffee', 'hex')],
    [34, 1, 0, 1, Buffer.from([1])],
    [35, 1, 0, 1, Buffer.from([0])],
    [36, 1, 0, events, Buffer.alloc(events, 1)],
    [37, 1, 0, events, Buffer.from(Array.from({ length: events }, (_, row) => row + 1))],
    [38, 1, 0, events, Buffer.alloc(events, 0)],
  ];
  let end = 24 + 16 * columns.length;
  const frame = Buffer.alloc(64 + end + 16 + 8 * columns.length + 3 * events + 8);
  frame.writeUInt32LE(events, 64);
  frame.writeUInt16LE(columns.length, 68);
  frame.writeUInt32LE(1, 72);
  frame.writeBigInt64LE(-(2n ** 63n), 80);
  columns.forEach(([id, width, parameter, count, data], row) => {
    const offset = Math.ceil(end / 8) * 8;
    const at = 64 + 24 + 16 * row;
    frame[at] = id;
    frame[at + 1] = width;
    frame.writeUInt16LE(parameter, at + 2);
    frame.writeUInt32LE(count, at + 4);
    frame.writeUInt32LE(offset, at + 8);
    frame.writeUInt32LE(data.length, at + 12);
    data.copy(frame, 64 + offset);
    end = offset + data.length;
  });
  return reply(request, 'ASSIGN', frame.subarray(0, 64 + end));
}

/** A refusal. */
export function refusal(request, code, isRetriable = false, retryAfter = 0) {
  const sentence = Buffer.from('because');
  const frame = Buffer.concat([Buffer.alloc(64 + 16), sentence]);
  frame.writeUInt16LE(code, 64);
  frame[66] = isRetriable ? 1 : 0;
  frame.writeUInt32LE(retryAfter, 68);
  frame.writeUInt32LE(0xffffffff, 72);
  frame.writeUInt16LE(sentence.length, 78);
  return reply(request, 'ERROR', frame);
}
