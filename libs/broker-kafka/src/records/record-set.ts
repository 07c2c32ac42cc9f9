import { decompress } from './codecs.js';
import { type BatchHead, HEAD_BYTES, readHead } from './record-batch.js';
import { VarintReader } from './varint.js';

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

const ABORT = 0;

/** What a reader of committed events may see of a batch. */
export type Verdict = 'visible' | 'aborted' | 'marker';

/**
 * Decides what of an answer was aborted, as the Java client does it: from a producer's first aborted offset to its next
 * abort marker, what it wrote in transactions is not there. Offsets must come in ascending order.
 */
export class AbortedFilter {
  private readonly coming: AbortedTransaction[];
  private readonly open = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.coming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** `markerKind` is asked for control batches only. */
  judge(
    head: Pick<BatchHead, 'lastOffset' | 'producerId' | 'isControl' | 'isTransactional'>,
    markerKind: () => number,
  ): Verdict {
    while (this.coming.length > 0 && this.coming[0].firstOffset <= head.lastOffset) {
      this.open.add((this.coming.shift() as AbortedTransaction).producerId);
    }
    if (head.isControl) {
      if (markerKind() === ABORT) this.open.delete(head.producerId);
      return 'marker';
    }
    return head.isTransactional && this.open.has(head.producerId) ? 'aborted' : 'visible';
  }
}

/** One batch of an answer, judged. */
export interface JudgedBatch {
  readonly head: BatchHead;
  readonly verdict: Verdict;
  /** The records, unpacked. Asked for only if they are wanted. */
  records(): Buffer;
}

/** The whole batches in an answer that reach to `from` or beyond, in their order. */
export function* judgedBatches(
  bytes: Buffer,
  aborted: readonly AbortedTransaction[],
  from: number,
): Generator<JudgedBatch, void, void> {
  const filter = new AbortedFilter(aborted);
  for (let at = 0; ;) {
    const head = readHead(bytes, at);
    if (head === undefined) return;
    const packed = bytes.subarray(at + HEAD_BYTES, at + head.bytes);
    const records = () => decompress(packed, head.codec);
    const verdict = filter.judge(head, () => markerKind(records()));
    if (head.lastOffset >= from) yield { head, verdict, records };
    at += head.bytes;
  }
}

/** The second number in the key of a control record: 0 for an abort, 1 for a commit. A batch without records is a commit. */
export function markerKind(records: Buffer): number {
  if (records.length === 0) return 1;
  const reader = new VarintReader(records);
  reader.signed();
  reader.at++;
  reader.signed();
  reader.signed();
  reader.signed();
  return records.readInt16BE(reader.at + 2);
}
