/** Time as the domain sees it. Tests turn it by hand. */
export interface Clock {
  /** Wall time, epoch microseconds. */
  nowMicros(): number;
  /** Never goes back; milliseconds since an arbitrary start, with fractions. */
  monotonicMs(): number;
  /** Calls back once, not before `delayMs`. The returned function cancels it. Never keeps a process alive. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back once, when what is going on in this turn of the loop is over. */
  soon(callback: () => void): void;
}
