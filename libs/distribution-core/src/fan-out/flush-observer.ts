import type { Position } from '../position.js';
import type { LaneState } from './lane-state.js';
import type { Run } from './outlet.js';
import type { GapReason } from './private-frames.js';

/** Told of what went out, at the granularity of batches, flushes and frames; must not throw. */
export interface FlushObserver {
  /** A batch of the lane was read; bytes of its events as they were published. */
  arrived(state: LaneState, events: number, bytes: number): void;
  /** One lane of one flush, the events of `runs`, was written to `members`; its oldest was taken by the broker `latencyMs` ago. */
  delivered(
    feedId: number,
    state: LaneState,
    latencyMs: number,
    events: number,
    members: number,
    runs: readonly Run[],
  ): void;
  /** One member that is behind its feed was sent events: how long ago they came says nothing about this process. */
  replayed(feedId: number, state: LaneState, events: number): void;
  /** One member was told of a gap up to there; events as far as they are known, at least one. */
  lost(state: LaneState, reason: GapReason, events: number, upTo: Position): void;
}

/** The lanes of the flush at hand, in arrays that are reused: noted before it is written, told when it is. */
export class FlushNotes {
  private readonly states: LaneState[] = [];
  private readonly events: number[] = [];
  private readonly appendedMicros: number[] = [];
  private readonly runs: (readonly Run[])[] = [];
  private count = 0;

  note(state: LaneState, events: number, appendedMicros: number, runs: readonly Run[]): void {
    const at = this.count++;
    this.states[at] = state;
    this.events[at] = events;
    this.appendedMicros[at] = appendedMicros;
    this.runs[at] = runs;
  }

  tell(observer: FlushObserver, feedId: number, nowMicros: number, members: number): void {
    for (let at = 0; at < this.count; at++) {
      const latencyMs = (nowMicros - this.appendedMicros[at]) / 1000;
      observer.delivered(feedId, this.states[at], latencyMs, this.events[at], members, this.runs[at]);
    }
  }

  /** Their events are not kept from the collector; emptying the arrays takes longer than a note. */
  clear(): void {
    for (let at = 0; at < this.count; at++) this.runs[at] = NO_RUNS;
    this.count = 0;
  }
}

const NO_RUNS: readonly Run[] = [];
