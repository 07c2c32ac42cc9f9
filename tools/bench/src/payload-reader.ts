/** The payload of one message after another: gathered if it is wanted, else skipped by its length. */
export class PayloadReader {
  private remaining = 0;
  private parts: Buffer[] | undefined;

  /** `take` is told that the payload has come completely; it is given if it was wanted. */
  constructor(private readonly take: (payload: Buffer | undefined) => void) {}

  /** Whether something of the payload is still to come. */
  get isOpen(): boolean {
    return this.remaining > 0;
  }

  /** So many bytes follow `beginning`, which has come before them. */
  begin(bytes: number, isWanted: boolean, beginning?: Buffer): void {
    this.parts = isWanted ? [] : undefined;
    if (beginning !== undefined) this.parts?.push(Buffer.from(beginning));
    this.remaining = bytes;
    if (bytes === 0) this.finish();
  }

  /** Reads [at, to) of `buffer`, which may be used again afterwards, as far as the payload goes; returns how far. */
  read(buffer: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.remaining);
    this.parts?.push(Buffer.from(buffer.subarray(at, end)));
    this.remaining -= end - at;
    if (this.remaining === 0) this.finish();
    return end;
  }

  private finish(): void {
    const { parts } = this;
    this.parts = undefined;
    this.take(parts?.length === 1 ? parts[0] : parts && Buffer.concat(parts));
  }
}
