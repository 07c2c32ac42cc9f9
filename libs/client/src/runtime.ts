/** Time as the client sees it; tests turn it by hand. */
export interface ClientClock {
  /** Never goes back; milliseconds since an arbitrary start. */
  monotonicMs(): number;
  /** Calls back once, not before `delayMs`. The returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Timers keep a Node process alive: one that waits to reconnect has not finished. */
export const systemClock: ClientClock = {
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Uniform in [0, 1). */
export const systemRandom = (): number => globalThis.crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32;

const SHORTEST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** What the service said, else full jitter: a restart of the service must not call all clients back at once. */
export function reconnectDelayMs(random: () => number, toldMs?: number): number {
  return toldMs ?? SHORTEST_WAIT_MS + random() * (LONGEST_WAIT_MS - SHORTEST_WAIT_MS);
}

/** A connection can be lost between two processes of a service while it is being opened, and then nobody closes it. */
export const OPEN_TIMEOUT_MS = 10_000;
