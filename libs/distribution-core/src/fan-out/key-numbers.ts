import type { EventBatch } from '../event-batch.js';
import type { ConflationKey } from '../ports/topic-catalog.port.js';
import { conflationCodes, conflationKeyOf } from './conflation-key.js';

/** Beyond it the numbers are given anew: what a lane had no event of for long is forgotten. */
const MAX_KEYS = 100_000;

/**
 * Numbers that stand for the conflation keys of a lane's events: the same number, the same key. Those of a batch are made once,
 * whoever asks and however often, and go with it.
 */
export class KeyNumbers {
  private readonly numbers = new Map<string, number>();
  private ofBatches = new WeakMap<EventBatch, Uint32Array>();
  private key: ConflationKey = 'none';

  constructor(private readonly maxKeys = MAX_KEYS) {}

  /** To be called before batches are compared: those of one key alone have numbers in common. */
  use(key: ConflationKey): void {
    if (isSameKey(key, this.key) && this.numbers.size <= this.maxKeys) return;
    this.key = key;
    this.numbers.clear();
    this.ofBatches = new WeakMap();
  }

  /** Of each of its events. */
  of(batch: EventBatch): Uint32Array {
    let numbers = this.ofBatches.get(batch);
    if (numbers === undefined) this.ofBatches.set(batch, (numbers = this.made(batch)));
    return numbers;
  }

  private made(batch: EventBatch): Uint32Array {
    const { key } = this;
    const codeOf = conflationCodes(key, batch);
    const known = new Map<number, number>();
    const made = new Uint32Array(batch.count);
    for (let index = 0; index < batch.count; index++) {
      const code = codeOf(index);
      let number = known.get(code);
      if (number === undefined || Number.isNaN(code)) {
        known.set(code, (number = this.numberOf(conflationKeyOf(key, batch, index))));
      }
      made[index] = number;
    }
    return made;
  }

  private numberOf(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) this.numbers.set(text, (number = this.numbers.size));
    return number;
  }
}

/** Each reading of the catalog makes new objects of them. */
function isSameKey(one: ConflationKey, other: ConflationKey): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return (
    one.attributes.length === other.attributes.length &&
    one.attributes.every((name, at) => name === other.attributes[at])
  );
}

/** Which numbers were met; emptied without touching them. */
export class MetNumbers {
  private rounds = new Uint32Array(1_024);
  private round = 0;

  begin(): void {
    if (this.round === 0xffffffff) {
      this.rounds.fill(0);
      this.round = 0;
    }
    this.round++;
  }

  /** False if it was met since it was begun. */
  add(number: number): boolean {
    if (number >= this.rounds.length) this.grow(number);
    if (this.rounds[number] === this.round) return false;
    this.rounds[number] = this.round;
    return true;
  }

  private grow(number: number): void {
    const grown = new Uint32Array(Math.max(number + 1, this.rounds.length * 2));
    grown.set(this.rounds);
    this.rounds = grown;
  }
}
