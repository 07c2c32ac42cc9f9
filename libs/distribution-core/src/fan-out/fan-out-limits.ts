export interface FanOutLimits {
  /** For the segments of all lanes together. */
  readonly segmentBytes: number;
  /** For what was read last of all lanes for members that are too far behind for the segments. */
  readonly sweptBytes: number;
  /** For frames of members that are behind, which others of their feeds may be sent as well. */
  readonly sharedFrameBytes: number;
  /** For the flushes that all feeds keep together. */
  readonly keptFlushBytes: number;
  /** How far a tail is rewound when it is opened, so that a restart is no stampede into the broker. */
  readonly rewindMs: number;
  /** The dedupe window's time. */
  readonly dedupeWindowMs: number;
  /** A lane that nobody wants any more is tailed this much longer. */
  readonly lingerMs: number;
  /** Live members of feeds whose lanes moved on without a match are told so this often. */
  readonly positionEveryMs: number;
  /** A blocked member that made no progress for this long is closed as too slow. */
  readonly blockTimeoutMs: number;
  readonly dropOldestKeeps: number;
  readonly maxFeeds: number;
  /** Of a topic that holds state; beyond, the key that was updated longest ago is forgotten. */
  readonly lastValueKeysPerLane: number;
}

export const DEFAULT_FAN_OUT_LIMITS: FanOutLimits = {
  segmentBytes: 256 * 1024 * 1024,
  sweptBytes: 64 * 1024 * 1024,
  sharedFrameBytes: 32 * 1024 * 1024,
  keptFlushBytes: 64 * 1024 * 1024,
  rewindMs: 30_000,
  dedupeWindowMs: 120_000,
  lingerMs: 60_000,
  positionEveryMs: 5_000,
  blockTimeoutMs: 30_000,
  dropOldestKeeps: 1_000,
  maxFeeds: 10_000,
  lastValueKeysPerLane: 100_000,
};
