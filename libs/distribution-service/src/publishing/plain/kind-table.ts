const MAX_KINDS = 8_192;
const CREDIT = 1_024;
/** Of kinds that were met again, for one more that may be made. */
const HITS_A_CREDIT = 8;
/** Without credit one of so many unknown kinds is made: what was new in each event may become the same. */
const SELDOM = 256;

/**
 * What is the same in many events, made of the first of them and found again by the bytes that make it, without a text being
 * made.
 */
export abstract class KindTable<Kind, Scan> {
  private readonly known = new Map<number, Kind>();
  private credit: number;
  private hits = 0;
  private passedOver = 0;

  /**
   * Beyond `maxKinds` it begins anew, which costs what the first event of each kind did. `maxCredit`: kinds that may be made while
   * few are met again; where making one costs more than parsing an event does, it is in vain if each event is of another.
   */
  constructor(
    private readonly maxKinds = MAX_KINDS,
    private readonly maxCredit = CREDIT,
  ) {
    this.credit = maxCredit;
  }

  /** Of the bytes that make it; two kinds may have the same. */
  protected abstract hashOf(scan: Scan): number;
  protected abstract isKind(kind: Kind, scan: Scan, bytes: Uint8Array): boolean;
  /** Undefined if the event is not as the schema wants it, or not in a form that can be kept. */
  protected abstract make(scan: Scan, bytes: Buffer): Kind | undefined;

  /** Undefined if the event must be parsed. */
  of(scan: Scan, bytes: Buffer): Kind | undefined {
    const hash = this.hashOf(scan);
    const found = this.known.get(hash);
    if (found !== undefined && this.isKind(found, scan, bytes)) {
      if (this.credit < this.maxCredit && ++this.hits % HITS_A_CREDIT === 0) this.credit++;
      return found;
    }
    if (this.credit > 0) this.credit--;
    else if (++this.passedOver % SELDOM !== 0) return undefined;
    const made = this.make(scan, bytes);
    if (made === undefined) return undefined;
    if (this.known.size >= this.maxKinds) this.known.clear();
    this.known.set(hash, made);
    return made;
  }
}
