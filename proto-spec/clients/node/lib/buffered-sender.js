import { BadUseError, ClosedError } from './errors.js';
import { LIMITS } from './constants.js';

/** Gathers events into batches, and sends a batch when it is full or old enough. */
export class BufferedSender {
  #client;
  #property;
  #eventsMax;
  #delay;
  #entries = [];
  #timer = null;
  #unanswered = new Set();
  #isClosed = false;

  /**
   * @param {import('../index.js').SojournClient} client
   * @param {{property: number, eventsMax?: number, delay?: number}} options `delay` in milliseconds
   */
  constructor(client, { property, eventsMax = 1_000, delay = 50 }) {
    if (!Number.isInteger(eventsMax) || eventsMax < 1 || eventsMax > LIMITS.batchEventsMax) {
      throw new BadUseError('badOption', `eventsMax is 1 to ${LIMITS.batchEventsMax}, not ${eventsMax}`);
    }
    if (!(delay >= 0 && delay <= 86_400_000)) {
      throw new BadUseError('badOption', `delay is 0 ms to a day, not ${delay}`);
    }
    this.#client = client;
    this.#property = property;
    this.#eventsMax = eventsMax;
    this.#delay = delay;
  }

  /**
   * Gathers an event. The promise is of its assignment, with the revisions of its batch.
   *
   * @param {import('../index.js').Event} event
   * @returns {Promise<import('../index.js').Assignment>}
   */
  add(event) {
    if (this.#isClosed) return Promise.reject(new ClosedError('the sender is closed'));
    return new Promise((resolve, reject) => {
      this.#entries.push({ event, resolve, reject });
      if (this.#entries.length >= this.#eventsMax) this.#send();
      else this.#timer ??= setTimeout(() => this.#send(), this.#delay);
    });
  }

  #send() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length === 0) return;
    const answer = this.#client
      .assign(entries.map(({ event }) => event), this.#property)
      .then(({ assignments, revisions }) => {
        entries.forEach(({ resolve }, row) => resolve({ ...assignments[row], revisions }));
      })
      .catch((error) => entries.forEach(({ reject }) => reject(error)))
      .finally(() => this.#unanswered.delete(answer));
    this.#unanswered.add(answer);
  }

  /** Sends what was gathered; done when all batches up to now have ended, well or not. */
  async flush() {
    this.#send();
    await Promise.all(this.#unanswered);
  }

  /** Sends what was gathered, waits for all answers, and takes no more. */
  async close() {
    this.#isClosed = true;
    await this.flush();
  }
}
