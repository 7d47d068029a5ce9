import { ERRORS } from './constants.js';

/**
 * What went wrong, and whether the batch in question may have been applied.
 */
export class SojournError extends Error {
  /**
   * @param {string} kind what kind of thing went wrong
   * @param {string} message a sentence for a person
   * @param {boolean} [mayHaveBeenApplied] true when nobody knows
   */
  constructor(kind, message, mayHaveBeenApplied = false) {
    super(message);
    this.name = new.target.name;
    this.kind = kind;
    this.mayHaveBeenApplied = mayHaveBeenApplied;
  }
}

/** The caller's mistake, found before anything was sent. */
export class BadUseError extends SojournError {}

/** The bytes of a message break the protocol: which rule (`code`, `codeName`), and where (`offset`). */
export class FormatError extends SojournError {
  /**
   * @param {string} codeName name in the registry of errors
   * @param {number | null} [offset] byte of the frame, or null for none
   * @param {boolean} [mayHaveBeenApplied]
   */
  constructor(codeName, offset = null, mayHaveBeenApplied = false) {
    const where = offset === null ? '' : ` at byte ${offset}`;
    super('badReply', `the message breaks the protocol: ${codeName}${where}`, mayHaveBeenApplied);
    this.code = ERRORS[codeName];
    this.codeName = codeName;
    this.offset = offset;
  }
}

/** The server answered with an ERROR. */
export class RefusedError extends SojournError {
  /**
   * @param {import('../index.js').Refusal} refusal
   * @param {boolean} [mayHaveBeenApplied]
   */
  constructor(refusal, mayHaveBeenApplied = false) {
    const sentence = refusal.message === '' ? '' : `: ${refusal.message}`;
    super('refused', `${refusal.codeName}${sentence}`, mayHaveBeenApplied);
    this.code = refusal.code;
    this.codeName = refusal.codeName;
    this.offset = refusal.offset;
    this.isRetriable = refusal.isRetriable;
    /** Milliseconds. */
    this.retryAfter = refusal.retryAfter;
    this.sentence = refusal.message;
  }
}

/** No server answered in time. */
export class NoAnswerError extends SojournError {
  constructor(message, mayHaveBeenApplied = false) {
    super('noAnswer', message, mayHaveBeenApplied);
  }
}

/** The client is closed, or was closed before the answer came. */
export class ClosedError extends SojournError {
  constructor(message, mayHaveBeenApplied = false) {
    super('closed', message, mayHaveBeenApplied);
  }
}
