/** Assigns events to sessions, over the protocol sojourn-1. */

export type EventKind = 'view' | 'action' | 'conversion' | 'heartbeat' | 'start' | 'end';
export type Operation = 'HELLO' | 'ASSIGN' | 'LOOKUP' | 'STATUS' | 'ERROR';

/** Codes that this version does not know are numbers. */
export type Outcome =
  | 'new' | 'extended' | 'lateJoined' | 'merged' | 'tooLate' | 'duplicate' | 'rejectedNoSession'
  | 'rejectedClockSkew' | 'rejectedVisitorLimit' | 'rejectedSessionLimit' | number;
export type Boundary =
  | 'first' | 'idle' | 'maxDuration' | 'maxEvents' | 'campaign' | 'midnight' | 'explicit' | number;
export type RevisionCause = 'bridge' | number;

export interface Context {
  device?: string | null;
  channel?: string | null;
  country?: string | null;
  region?: string | null;
  referrer?: string | null;
  campaignSource?: string | null;
  campaignMedium?: string | null;
  campaignName?: string | null;
  /** The sender knows that the visitor is a bot. */
  knownBot?: boolean;
}

/** Something that a visitor did. */
export interface Event {
  /** Milliseconds since the Unix epoch. */
  time: number | Date;
  kind: EventKind;
  /** 1 to 128 bytes, or the UTF-8 of a text. */
  visitor: string | Uint8Array;
  name?: string | null;
  context?: Context | null;
  /** Units with at most six decimals (a number as it is printed), or micro-units as a bigint. */
  value?: number | string | bigint;
  /** The sender's id of the event, by which a repetition is known; 0 for none. */
  eventId?: bigint | number;
}

export interface SessionState {
  boundary: Boundary;
  late: boolean;
  merged: boolean;
  automated: boolean;
  ended: boolean;
  engaged: boolean;
}

/** A session that a batch touched, as it stood after the whole batch. */
export interface AssignedSession extends SessionState {
  id: string;
  /** Milliseconds since the Unix epoch. */
  start: number;
  ordinal: number;
}

/** Corrects earlier answers: the session `from` is now part of the session `into`. */
export interface Revision {
  number: bigint;
  from: string;
  into: string;
  cause: RevisionCause;
  partition: number;
}

/** Which session an event belongs to. */
export interface Assignment {
  /** Null when the event joined none: its outcome says why. */
  sessionId: string | null;
  /** This is the visitor's n-th session; 0 without a session. */
  ordinal: number;
  boundary: Boundary | null;
  /** Which event of its session it is, from 1; 0 without a session. */
  position: number;
  outcome: Outcome;
  session: AssignedSession | null;
}

export interface Assignments {
  /** In the order of the events. */
  assignments: Assignment[];
  sessions: AssignedSession[];
  revisions: Revision[];
  /** The property's clock in milliseconds; null before its first event. */
  clock: number | null;
  producer: bigint;
  sequence: bigint;
}

/** The answer to a batch, as it stands in the message. */
export interface AssignReply {
  clock: number | null;
  sessions: AssignedSession[];
  /** `session` is a row of `sessions`, or null. */
  events: { session: number | null; position: number; outcome: Outcome }[];
  revisions: Revision[];
}

/** A session that is not finished. Times are milliseconds since the Unix epoch. */
export interface KnownSession {
  id: string;
  ordinal: number;
  firstEvent: number;
  lastEvent: number;
  /** Micro-units. */
  value: bigint;
  /** Milliseconds. */
  engaged: number;
  events: number;
  views: number;
  actions: number;
  conversions: number;
  state: SessionState;
  /** Null when it has not ended. */
  boundaryOut: Boundary | null;
  context: Context;
  landingPage: string | null;
  exitPage: string | null;
  path: { after: number; page: string | null }[];
  finishes: number;
}

export interface LookupReply {
  clock: number | null;
  sessions: KnownSession[];
}

export interface ServerStatus {
  serverTime: bigint;
  gauges: Map<string, bigint>;
}

export interface ServerInfo {
  version: number;
  features: number;
  /** 32 hexadecimal digits. */
  deployment: string;
  serverTime: bigint;
  messageBytesMax: number;
  batchEventsMax: number;
  visitorKeyBytesMax: number;
  textBytesMax: number;
  batchTextsMax: number;
  batchContextsMax: number;
  credit: number;
  producerWindow: number;
  /** Shares of the visitors that there are, and those of them that the server has. */
  partitions: number;
  firstPartition: number;
  lastPartition: number;
  name: string;
  serverVersion: string;
}

export interface Refusal {
  code: number;
  codeName: string;
  isRetriable: boolean;
  /** Milliseconds. */
  retryAfter: number;
  offset: number | null;
  lowestVersion?: number;
  highestVersion?: number;
  message: string;
}

export interface Header {
  operation: Operation;
  isReply: boolean;
  correlation: bigint;
  producer?: bigint;
  sequence?: bigint;
  deadline?: number;
  property?: number;
  deployment?: bigint;
}

// ---- Errors

export class SojournError extends Error {
  constructor(kind: string, message: string, mayHaveBeenApplied?: boolean);
  kind: string;
  /** True when nobody knows; false when nothing was applied for certain. */
  mayHaveBeenApplied: boolean;
}
export class BadUseError extends SojournError {}
export class FormatError extends SojournError {
  constructor(codeName: string, offset?: number | null, mayHaveBeenApplied?: boolean);
  code: number;
  codeName: string;
  offset: number | null;
}
export class RefusedError extends SojournError {
  constructor(refusal: Refusal, mayHaveBeenApplied?: boolean);
  code: number;
  codeName: string;
  offset: number | null;
  isRetriable: boolean;
  retryAfter: number;
  sentence: string;
}
export class NoAnswerError extends SojournError {
  constructor(message: string, mayHaveBeenApplied?: boolean);
}
export class ClosedError extends SojournError {
  constructor(message: string, mayHaveBeenApplied?: boolean);
}

// ---- The client

/** What a client needs of a DEALER socket. */
export interface SocketLike extends AsyncIterable<Uint8Array | Uint8Array[]> {
  send(frame: Buffer): Promise<void> | void;
  close(): void;
}

export interface ClientOptions {
  /** The next one is tried when one does not answer. */
  endpoints: string[];
  /** Opens a socket to an endpoint. */
  open: (endpoint: string) => SocketLike;
  /** Milliseconds of a call, with its waiting and all attempts; 10,000. */
  timeout?: number;
  /** Milliseconds of one attempt, and of one greeting; 2,000. */
  attemptTimeout?: number;
  /** How many times a message is sent at most without an answer; 3. */
  attempts?: number;
  /** Requests in flight, if it is to be less than the server allows. */
  inFlightMax?: number;
  /** Who numbers the batches; random. */
  producer?: bigint;
  /** Number of the first batch; 1. */
  firstSequence?: bigint;
  /** For the server's log. */
  name?: string;
  /** Id that the servers must have: 32 hexadecimal digits, or a UUID. */
  deployment?: string;
}

export class SojournClient {
  constructor(options: ClientOptions);
  static connect(options: ClientOptions): Promise<SojournClient>;
  readonly server: ServerInfo | null;
  assign(events: Iterable<Event>, property: number): Promise<Assignments>;
  lookup(visitor: string | Uint8Array, property: number): Promise<LookupReply>;
  lookupSession(id: string, property: number): Promise<LookupReply>;
  status(): Promise<ServerStatus>;
  /** `eventsMax` is 1,000 and `delay` 50 ms when not told. */
  buffered(options: { property: number; eventsMax?: number; delay?: number }): BufferedSender;
  close(): Promise<void>;
}

export class BufferedSender {
  constructor(client: SojournClient, options: { property: number; eventsMax?: number; delay?: number });
  add(event: Event): Promise<Assignment & { revisions: Revision[] }>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** An `open` with DEALER sockets of the package `zeromq`; CURVE keys are in Z85. */
export function zeromqDealer(curve?: {
  serverPublic: string;
  ownPublic: string;
  ownSecret: string;
}): Promise<(endpoint: string) => SocketLike>;

// ---- The codec

export const VERSION: 1;
export const HEADER_BYTES: 64;
export const CONTEXT_CELLS: 9;
export const OPERATIONS: Readonly<Record<Operation, number>>;
export const EVENT_KINDS: Readonly<Record<EventKind, number>>;
export const OUTCOMES: Readonly<Record<string, number>>;
export const BOUNDARIES: Readonly<Record<string, number>>;
export const REVISION_CAUSES: Readonly<Record<string, number>>;
export const ERRORS: Readonly<Record<string, number>>;
export const LIMITS: Readonly<Record<string, number>>;
export const CONTEXT_ATTRIBUTES: readonly string[];

export function nameOf(table: Readonly<Record<string, number>>, code: number): string | number;
export function crc32c(bytes: Uint8Array, start?: number, end?: number): number;

/** Writes the header in front of the body that stands in the frame already; returns the frame. */
export function seal(frame: Buffer, header: Header): Buffer;
/** Judges header and checksums; throws a FormatError. */
export function readHeader(frame: Buffer, direction: 'request' | 'reply'): Required<Header>;

export function helloRequest(hello?: {
  name?: string;
  deployment?: Uint8Array;
  lowestVersion?: number;
  highestVersion?: number;
  features?: number;
}): Buffer;
export function encodeBatch(events: Iterable<Event>): {
  frame: Buffer;
  events: number;
  texts: number;
  contexts: number;
};
/** By 1: visitor key; by 2: session id. */
export function lookupRequest(by: 1 | 2, key: Uint8Array): Buffer;
export function statusRequest(): Buffer;
/** A value in micro-units; throws a BadUseError when it has more than six decimals. */
export function microUnits(value: number | string | bigint): bigint;

export function readHelloReply(frame: Buffer): ServerInfo;
export function readAssignReply(frame: Buffer): AssignReply;
export function readLookupReply(frame: Buffer): LookupReply;
export function readStatusReply(frame: Buffer): ServerStatus;
export function readErrorReply(frame: Buffer): Refusal;
