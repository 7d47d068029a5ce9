import { randomBytes } from 'node:crypto';
import { encodeBatch, requireAtMost, visitorBytes } from './batch.js';
import { BufferedSender } from './buffered-sender.js';
import { LIMITS, VERSION } from './constants.js';
import {
  BadUseError,
  ClosedError,
  FormatError,
  NoAnswerError,
  RefusedError,
  SojournError,
} from './errors.js';
import { readHeader, seal } from './header.js';
import {
  helloRequest,
  lookupRequest,
  readAssignReply,
  readErrorReply,
  readHelloReply,
  readLookupReply,
  readStatusReply,
  statusRequest,
} from './messages.js';

const ANY_DEPLOYMENT = '0'.repeat(32);
const LEAVING_MILLISECONDS = 1_000;
const PAUSE_DOUBLINGS_MAX = 6;
const UINT64_MAX = 2n ** 64n - 1n;

const require = (isGood, kind, message) => {
  if (!isGood) throw new BadUseError(kind, message);
};

function checkOptions(options) {
  const { endpoints, open } = options;
  require(
    Array.isArray(endpoints) && endpoints.length > 0, 'badEndpoint',
    'there is no endpoint to connect to',
  );
  for (const endpoint of endpoints) {
    const port = /^tcp:\/\/(?:\[[\da-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/i.exec(endpoint)?.[1];
    const isGood = /^ipc:\/\/./.test(endpoint) || (Number(port) >= 1 && Number(port) <= 65_535);
    require(isGood, 'badEndpoint', `an endpoint is tcp://HOST:PORT or ipc://PATH, not ${endpoint}`);
  }
  require(typeof open === 'function', 'badOption', 'open is a function that opens a socket');
  const checked = {
    timeout: 10_000,
    attemptTimeout: 2_000,
    attempts: 3,
    inFlightMax: LIMITS.creditMax,
    firstSequence: 1n,
    name: 'sojourn-node/0.1.0',
    deployment: ANY_DEPLOYMENT,
    ...options,
  };
  for (const what of ['timeout', 'attemptTimeout']) {
    const isGood = checked[what] >= 1 && checked[what] <= 86_400_000;
    require(isGood, 'badOption', `${what} is 1 ms to a day, not ${checked[what]}`);
  }
  for (const what of ['attempts', 'inFlightMax']) {
    const isGood = Number.isInteger(checked[what]) && checked[what] >= 1;
    require(isGood, 'badOption', `${what} is at least 1, not ${checked[what]}`);
  }
  const { producer = 1n, firstSequence } = checked;
  require(
    typeof producer === 'bigint' && producer > 0n && producer <= UINT64_MAX, 'badOption',
    'producer is a bigint of 64 bits, and not 0',
  );
  require(
    typeof firstSequence === 'bigint' && firstSequence >= 0n && firstSequence <= UINT64_MAX,
    'badOption', 'firstSequence is a bigint of 64 bits',
  );
  require(
    Buffer.byteLength(checked.name) <= LIMITS.clientNameBytesMax, 'badOption',
    `a client's name has at most ${LIMITS.clientNameBytesMax} bytes`,
  );
  checked.deployment = checked.deployment.replaceAll('-', '').toLowerCase();
  require(
    /^[\da-f]{32}$/.test(checked.deployment), 'badOption',
    'a deployment id has 32 hexadecimal digits',
  );
  return checked;
}

function randomProducer() {
  const producer = randomBytes(8).readBigUInt64LE();
  return producer === 0n ? 1n : producer;
}

/**
 * Asks a Sojourn service, over any socket that can send a buffer and be iterated for what arrives: see
 * `open` of the options. A request goes this way:
 *
 *     submit -> waiting -> in flight -> answered, or refused for good
 *                   ^           |
 *                   again  <----+  refused for now; no answer in time; connection lost
 *
 * and the connection this way, from endpoint to endpoint:
 *
 *     down -> greeting -> up -> leaving (the server is about to stop) -> down
 */
export class SojournClient {
  #options;
  /** Never sent, in order of submission. */
  #waiting = [];
  /** By correlation, in the order in which they were sent. */
  #inFlight = new Map();
  /** To be sent again, in order of submission. */
  #again = [];

  #link = 'down';
  #linkEnd = 0;
  #socket = null;
  #sending = Promise.resolve();
  #endpoint = -1;
  #greeting = 0n;
  #failures = 0;
  #refusedGreetings = 0;
  #linkFault = null;
  #pausedUntil = 0;
  #refusalStreak = 0;
  #timer = null;
  #isClosed = false;

  #server = null;
  #deployment;
  #credit = 1;
  #nextCorrelation = 1n;
  #producer;
  #sequence;
  #appliedSequence = null;

  /** @param {import('../index.js').ClientOptions} options */
  constructor(options) {
    this.#options = checkOptions(options);
    this.#deployment = this.#options.deployment;
    this.#producer = this.#options.producer ?? randomProducer();
    this.#sequence = this.#options.firstSequence;
  }

  /**
   * A client whose server has been greeted.
   *
   * @param {import('../index.js').ClientOptions} options
   * @returns {Promise<SojournClient>}
   */
  static async connect(options) {
    const client = new SojournClient(options);
    try {
      await client.#submit('HELLO', 0, null, () => undefined);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  /** What the last greeting told; null before the first. */
  get server() {
    return this.#server;
  }

  /**
   * Which sessions these events belong to.
   *
   * @param {Iterable<import('../index.js').Event>} events
   * @param {number} property
   * @returns {Promise<import('../index.js').Assignments>}
   */
  async assign(events, property) {
    checkProperty(property);
    const batch = encodeBatch(events);
    const limits = this.#server;
    if (limits !== null) {
      requireAtMost('events', batch.events, limits.batchEventsMax);
      requireAtMost('bytes', batch.frame.length, limits.messageBytesMax);
      requireAtMost('different texts', batch.texts, limits.batchTextsMax);
      requireAtMost('different contexts', batch.contexts, limits.batchContextsMax);
    }
    return this.#submit('ASSIGN', property, batch.frame, (frame, header) => {
      const reply = readAssignReply(frame);
      if (reply.events.length !== batch.events) throw new FormatError('badEventCount', 64);
      return assignments(reply, header);
    });
  }

  /**
   * The unfinished sessions of a visitor.
   *
   * @param {string | Uint8Array} visitor
   * @param {number} property
   */
  async lookup(visitor, property) {
    checkProperty(property);
    return this.#submit('LOOKUP', property, lookupRequest(1, visitorBytes(visitor)), readLookupReply);
  }

  /**
   * The session with the id, or the one that it is part of now.
   *
   * @param {string} id
   * @param {number} property
   */
  async lookupSession(id, property) {
    checkProperty(property);
    const digits = String(id).replaceAll('-', '');
    require(/^[\da-f]{32}$/i.test(digits), 'badKey', `a session id is a UUID, not ${id}`);
    const frame = lookupRequest(2, Buffer.from(digits, 'hex'));
    return this.#submit('LOOKUP', property, frame, readLookupReply);
  }

  /** What the server counts and measures of itself. */
  async status() {
    return this.#submit('STATUS', 0, statusRequest(), readStatusReply);
  }

  /**
   * A sender to which events are given one by one.
   *
   * @param {{property: number, eventsMax?: number, delay?: number}} options
   */
  buffered(options) {
    checkProperty(options.property);
    return new BufferedSender(this, options);
  }

  /** Ends the connection. What is not answered fails; what was sent may have been applied. */
  async close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const all = [...this.#inFlight.values(), ...this.#again, ...this.#waiting];
    this.#inFlight.clear();
    this.#again = [];
    this.#waiting = [];
    for (const request of all) {
      request.reject(
        new ClosedError('the client was closed before the answer came', mayHaveBeenApplied(request)),
      );
    }
    this.#disconnect();
  }

  // ---- The connection

  #disconnect() {
    this.#socket?.close();
    this.#socket = null;
    this.#sending = Promise.resolve();
    this.#link = 'down';
  }

  #connect(now) {
    const { endpoints, open, attemptTimeout, name } = this.#options;
    this.#endpoint = (this.#endpoint + 1) % endpoints.length;
    this.#link = 'greeting';
    this.#linkEnd = now + attemptTimeout;
    this.#greeting = this.#nextCorrelation++;
    const hello = helloRequest({ name, deployment: Buffer.from(this.#deployment, 'hex') });
    seal(hello, { operation: 'HELLO', isReply: false, correlation: this.#greeting });
    try {
      this.#socket = open(endpoints[this.#endpoint]);
    } catch (error) {
      this.#broken(error);
      return;
    }
    this.#receive(this.#socket);
    this.#send(hello);
  }

  async #receive(socket) {
    try {
      for await (const message of socket) {
        if (socket !== this.#socket) return;
        const frames = Array.isArray(message) ? message : [message];
        if (frames.length === 2 && frames[0].length === 0) frames.shift();
        if (frames.length === 1) this.#received(frames[0]);
      }
      if (socket === this.#socket) this.#broken(new Error('the connection was cut'));
    } catch (error) {
      if (socket === this.#socket) this.#broken(error);
    }
  }

  /** Frames leave one after the other: a socket need not take two at a time. */
  #send(frame) {
    const socket = this.#socket;
    this.#sending = this.#sending
      .then(() => (socket === this.#socket ? socket.send(frame) : undefined))
      .catch((error) => {
        if (socket === this.#socket) this.#broken(error);
      });
  }

  #broken(error) {
    const now = performance.now();
    if (this.#link === 'greeting') {
      const endpoint = this.#options.endpoints[this.#endpoint];
      this.#greetingFailed(new NoAnswerError(`no connection to ${endpoint}: ${error.message}`), now);
    } else if (this.#link !== 'down') {
      this.#dropLink(now, now);
    }
    this.#schedule(now);
  }

  #greetingFailed(fault, now) {
    this.#linkFault = fault;
    const { length } = this.#options.endpoints;
    const doublings = Math.min(Math.floor(this.#failures / length), PAUSE_DOUBLINGS_MAX);
    this.#failures++;
    // Endpoints are tried without a pause until all have failed.
    const hasOthers = this.#failures % length !== 0;
    this.#dropLink(hasOthers ? now : now + 10 * 2 ** doublings, now);
  }

  /** Gives the connection up; what was in flight is to be sent again over the next. */
  #dropLink(retryAt, now) {
    this.#disconnect();
    this.#linkEnd = retryAt;
    const lost = [...this.#inFlight.values()].filter((request) => !request.isAbandoned);
    this.#inFlight.clear();
    for (const request of lost) {
      if (request.unanswered >= this.#options.attempts) this.#failUnanswered(request);
      else this.#sendAgain(request);
    }
    this.#pump(now);
  }

  #sendAgain(request) {
    this.#again.push(request);
    this.#again.sort((one, other) => (one.correlation < other.correlation ? -1 : 1));
  }

  #failUnanswered(request) {
    const because = this.#linkFault === null ? '' : `: ${this.#linkFault.message}`;
    const message =
      request.unanswered === 0
        ? `no server took it in time${because}`
        : `no answer in time, after ${request.unanswered} attempts${because}`;
    request.reject(new NoAnswerError(message, mayHaveBeenApplied(request)));
  }

  #greeted(header, frame, now) {
    try {
      if (header.operation === 'ERROR') this.#greetingRefused(readErrorReply(frame), now);
      else if (header.operation === 'HELLO') this.#welcome(readHelloReply(frame), now);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#greetingFailed(error, now);
    }
  }

  #welcome(info, now) {
    const refuse = (codeName, code, message) =>
      this.#greetingRefused({ code, codeName, isRetriable: false, retryAfter: 0, offset: null, message }, now);
    if (info.version !== VERSION) {
      refuse('unsupportedVersion', 4, `the server chose version ${info.version}`);
    } else if (this.#deployment !== ANY_DEPLOYMENT && this.#deployment !== info.deployment) {
      refuse('wrongDeployment', 13, `the server is of ${info.deployment}`);
    } else {
      this.#server = info;
      this.#deployment = info.deployment;
      this.#credit = Math.max(1, Math.min(info.credit, this.#options.inFlightMax));
      this.#link = 'up';
      this.#failures = 0;
      this.#refusedGreetings = 0;
      this.#linkFault = null;
      this.#pump(now);
    }
  }

  #greetingRefused(refusal, now) {
    this.#refusedGreetings = refusal.isRetriable ? 0 : this.#refusedGreetings + 1;
    if (this.#refusedGreetings >= this.#options.endpoints.length) {
      this.#refusedGreetings = 0;
      const all = [...this.#again, ...this.#waiting];
      this.#again = [];
      this.#waiting = [];
      for (const request of all) {
        request.reject(new RefusedError(refusal, mayHaveBeenApplied(request)));
      }
    }
    this.#pausedUntil = Math.max(this.#pausedUntil, now + refusal.retryAfter);
    this.#greetingFailed(new RefusedError(refusal), now);
  }

  // ---- Sending

  #submit(operation, property, frame, read) {
    if (this.#isClosed) return Promise.reject(new ClosedError('the client is closed'));
    return new Promise((resolve, reject) => {
      const now = performance.now();
      this.#waiting.push({
        operation, property, frame, read, resolve, reject,
        correlation: this.#nextCorrelation++,
        deadline: now + this.#options.timeout,
        attemptEnd: 0,
        producer: 0n,
        sequence: 0n,
        unanswered: 0,
        refusal: null,
        isAbandoned: false,
      });
      this.#pump(now);
      this.#schedule(now);
    });
  }

  #pump(now) {
    if (this.#isClosed) return;
    const hasWork = this.#waiting.length > 0 || this.#again.length > 0;
    if (this.#link === 'down' && hasWork && this.#linkEnd <= now && this.#pausedUntil <= now) {
      this.#connect(now);
    }
    while (this.#link === 'up' && this.#pausedUntil <= now && this.#inFlight.size < this.#credit) {
      const request = this.#nextToSend();
      if (request === null) return;
      if (request.frame === null) {
        // Whoever only waits for a greeting has had it.
        request.resolve();
        continue;
      }
      request.unanswered++;
      request.attemptEnd = now + this.#options.attemptTimeout;
      this.#inFlight.set(request.correlation, request);
      this.#send(request.frame);
    }
  }

  #nextToSend() {
    if (this.#again.length > 0) return this.#again.shift();
    const request = this.#waiting[0];
    if (request === undefined || (request.operation === 'ASSIGN' && !this.#prepareStamp())) return null;
    this.#waiting.shift();
    if (request.frame === null) return request;
    if (request.operation === 'ASSIGN') {
      request.producer = this.#producer;
      request.sequence = this.#sequence;
      this.#sequence = BigInt.asUintN(64, this.#sequence + 1n);
    }
    const { operation, property, correlation, producer, sequence } = request;
    const deployment = BigInt(`0x${this.#deployment.slice(16)}`);
    const header = { operation, isReply: false, correlation, producer, sequence, property, deployment };
    seal(request.frame, header);
    return request;
  }

  /**
   * Sees to it that the next batch has a number that the server takes; false while an earlier batch must
   * be settled first. What may have to be sent again must not fall out of the window of numbers that the
   * server remembers, nor may refused batches carry the numbers beyond it: then there is a new producer,
   * unless the user chose one.
   */
  #prepareStamp() {
    const window = BigInt(this.#server.producerWindow);
    const unsettled = [...this.#inFlight.values()]
      .filter(({ operation, producer }) => operation === 'ASSIGN' && producer === this.#producer)
      .map(({ sequence }) => BigInt.asUintN(64, this.#sequence - sequence));
    if (unsettled.some((distance) => distance >= window)) return false;
    const hasOwnProducer = this.#options.producer !== undefined;
    if (this.#appliedSequence === null || hasOwnProducer) return true;
    if (this.#sequence - this.#appliedSequence <= window) return true;
    if (unsettled.length > 0) return false;
    this.#producer = randomProducer();
    this.#sequence = 1n;
    this.#appliedSequence = null;
    return true;
  }

  // ---- Answers

  /** A frame has arrived. What is no sound reply to something asked is dropped. */
  #received(frame) {
    const now = performance.now();
    let header;
    try {
      header = readHeader(frame, 'reply');
    } catch {
      return;
    }
    if (this.#link === 'greeting' && header.correlation === this.#greeting) {
      this.#greeted(header, frame, now);
      this.#schedule(now);
      return;
    }
    const request = this.#inFlight.get(header.correlation);
    if (request === undefined) return;
    if (header.operation === 'ERROR') {
      this.#inFlight.delete(request.correlation);
      this.#refused(request, frame, now);
    } else if (header.operation === request.operation) {
      this.#inFlight.delete(request.correlation);
      this.#answered(request, header, frame);
    }
    if (this.#link === 'leaving' && this.#inFlight.size === 0) this.#dropLink(now, now);
    this.#pump(now);
    this.#schedule(now);
  }

  #answered(request, header, frame) {
    this.#refusalStreak = 0;
    if (request.operation === 'ASSIGN' && request.producer === this.#producer) {
      const isHighest = this.#appliedSequence === null || request.sequence > this.#appliedSequence;
      if (isHighest) this.#appliedSequence = request.sequence;
    }
    if (request.isAbandoned) return;
    try {
      request.resolve(request.read(frame, header));
    } catch (error) {
      this.#failRead(request, error);
    }
  }

  #failRead(request, error) {
    const isFormat = error instanceof FormatError;
    const { codeName, offset } = error;
    request.reject(isFormat ? new FormatError(codeName, offset, mayHaveBeenApplied(request)) : error);
  }

  #refused(request, frame, now) {
    if (request.isAbandoned) return;
    let refusal;
    try {
      refusal = readErrorReply(frame);
    } catch (error) {
      this.#failRead(request, error);
      return;
    }
    // What may have been applied in part says no more than silence.
    if (refusal.codeName !== 'incomplete') request.unanswered--;
    request.refusal = refusal;
    const pause = refusal.isRetriable ? this.#pause(refusal) : 0;
    if (!refusal.isRetriable || now + pause >= request.deadline) {
      request.reject(new RefusedError(refusal, mayHaveBeenApplied(request)));
      return;
    }
    this.#sendAgain(request);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pause);
    if (refusal.codeName === 'draining' && this.#link === 'up') {
      this.#link = 'leaving';
      this.#linkEnd = now + LEAVING_MILLISECONDS;
    }
  }

  /** What the server asks for; where it says nothing, 10 ms and more from refusal to refusal. */
  #pause(refusal) {
    const doublings = Math.min(this.#refusalStreak++, PAUSE_DOUBLINGS_MAX);
    return refusal.retryAfter > 0 ? refusal.retryAfter : 10 * 2 ** doublings;
  }

  // ---- Time

  /**
   * Sets the timer to when there is something to do, if nothing happens before. `now` is the time for
   * which that was last decided: a pause that has ended since then would else never be noticed.
   */
  #schedule(now) {
    clearTimeout(this.#timer);
    const times = [];
    const hasWork = this.#waiting.length > 0 || this.#again.length > 0;
    if (this.#link === 'down' && hasWork) times.push(Math.max(this.#linkEnd, this.#pausedUntil));
    if (this.#link === 'greeting' || this.#link === 'leaving') times.push(this.#linkEnd);
    if (this.#link === 'up' && this.#pausedUntil > now) times.push(this.#pausedUntil);
    if (this.#waiting.length > 0) times.push(this.#waiting[0].deadline);
    for (const { deadline } of this.#again) times.push(deadline);
    for (const { attemptEnd, deadline, isAbandoned } of this.#inFlight.values()) {
      times.push(isAbandoned ? attemptEnd : Math.min(attemptEnd, deadline));
    }
    if (times.length === 0 || this.#isClosed) return;
    const wait = Math.min(...times) - performance.now();
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, Math.ceil(wait)));
  }

  #tick() {
    const now = performance.now();
    this.#failOverdue(now);
    const isDead = [...this.#inFlight.values()].some(({ attemptEnd }) => attemptEnd <= now);
    const hasEnded = this.#linkEnd <= now || this.#inFlight.size === 0;
    if (this.#link === 'greeting' && this.#linkEnd <= now) {
      this.#broken(new Error('no answer'));
    } else if (isDead || (this.#link === 'leaving' && hasEnded)) {
      this.#dropLink(now, now);
    }
    this.#pump(now);
    this.#schedule(now);
  }

  #failOverdue(now) {
    const fail = (request) => {
      if (request.refusal !== null && request.unanswered === 0) {
        request.reject(new RefusedError(request.refusal));
      } else if (request.operation === 'HELLO' && this.#linkFault instanceof SojournError) {
        request.reject(this.#linkFault);
      } else {
        this.#failUnanswered(request);
      }
    };
    const keep = (request) => {
      if (request.deadline > now) return true;
      fail(request);
      return false;
    };
    this.#waiting = this.#waiting.filter(keep);
    this.#again = this.#again.filter(keep);
    for (const request of this.#inFlight.values()) {
      if (!request.isAbandoned && !keep(request)) request.isAbandoned = true;
    }
  }
}

function checkProperty(property) {
  const isGood = Number.isInteger(property) && property >= 0 && property <= 0xffffffff;
  require(isGood, 'badOption', `a property is 0 to 2^32 - 1, not ${property}`);
}

function mayHaveBeenApplied(request) {
  return request.operation === 'ASSIGN' && request.unanswered > 0;
}

/** An assignment for each event, in the order of the events. */
function assignments(reply, header) {
  return {
    assignments: reply.events.map(({ session, position, outcome }) => {
      const found = session === null ? null : reply.sessions[session];
      return {
        sessionId: found?.id ?? null,
        ordinal: found?.ordinal ?? 0,
        boundary: found?.boundary ?? null,
        position,
        outcome,
        session: found,
      };
    }),
    sessions: reply.sessions,
    revisions: reply.revisions,
    clock: reply.clock,
    producer: header.producer,
    sequence: header.sequence,
  };
}
