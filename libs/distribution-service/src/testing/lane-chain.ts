import type { DataPayload, GapPayload, SubscribedPayload, WireLanePosition } from '@distributary/contracts';

type Step = Pick<DataPayload, 'lane' | 'epoch' | 'prev' | 'pos'>;

/** Rule 1 of the protocol: `prev` is the last `pos` that was told for the lane, else a gap came in between. */
export class LaneChain {
  private readonly told = new Map<string, { readonly epoch: string; readonly pos: string }>();
  readonly violations: string[] = [];

  begin({ positions }: SubscribedPayload): void {
    for (const { topic, partition, epoch, position } of positions) {
      this.told.set(`${topic}#${partition}`, { epoch, pos: position });
    }
  }

  step({ lane, epoch, prev, pos }: Step): void {
    const last = this.told.get(lane);
    // A lane that is newer than the subscription begins before its first event.
    const expected = last === undefined || last.epoch !== epoch ? '' : last.pos;
    if (prev !== expected) this.violations.push(`${lane}: prev is "${prev}" after "${expected}"`);
    if (pos < prev) this.violations.push(`${lane}: goes back from "${prev}" to "${pos}"`);
    this.told.set(lane, { epoch, pos });
  }

  /** An announced hole, or the end of a snapshot. */
  jump({ lane, epoch, to }: Pick<GapPayload, 'lane' | 'epoch' | 'to'>): void {
    this.told.set(lane, { epoch, pos: to });
  }

  positions(): WireLanePosition[] {
    return [...this.told].map(([lane, { epoch, pos }]) => {
      const end = lane.lastIndexOf('#');
      return { topic: lane.slice(0, end), partition: Number(lane.slice(end + 1)), epoch, position: pos };
    });
  }
}
