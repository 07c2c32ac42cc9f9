import type { Lane } from '../lane.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import type { KeyNumbers } from './key-numbers.js';
import type { KnownCopies } from './known-copies.js';
import type { LaneTail } from './lane-tail.js';
import type { Segments } from './segments.js';

/** A lane that this process tails. What `segments.end` names has been matched against every feed. */
export interface LaneState {
  readonly lane: Lane;
  /** As the catalog has it now: what may change (priority, retention, conflation key) takes effect with the next use. */
  topic: TopicDefinition;
  readonly segments: Segments;
  readonly copies: KnownCopies;
  readonly keys: KeyNumbers;
  tail: LaneTail;
  /** The broker does not answer. */
  isStalled?: boolean;
  /** Since it was opened, copies included. */
  eventCount: number;
}
