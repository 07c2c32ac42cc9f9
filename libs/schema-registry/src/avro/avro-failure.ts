/**
 * - `mismatch`: the bytes, or the value, are not what the schema says.
 * - `budget`: it would cost more than one event may.
 */
export type AvroFailureReason = 'mismatch' | 'budget';

/** Ends the reading or writing of one value; never leaves this library. The message names fields, no contents. */
export class AvroFailure extends Error {
  constructor(
    readonly reason: AvroFailureReason,
    /** Where in the value: `order.items[3].price`. */
    readonly path: string,
    readonly rule: string,
  ) {
    super(`${path === '' ? 'the payload' : path} ${rule}`);
  }
}

/** Where a reader or writer is, said only when something is wrong. */
export class AvroPath {
  private readonly parts: (string | number)[] = [];

  get depth(): number {
    return this.parts.length;
  }

  enter(part: string | number): void {
    this.parts.push(part);
  }

  leave(): void {
    this.parts.pop();
  }

  /** Back to where it was when this was its depth. */
  returnTo(depth: number): void {
    this.parts.length = depth;
  }

  toString(): string {
    return this.parts
      .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part.slice(0, 100)}`))
      .join('');
  }
}
