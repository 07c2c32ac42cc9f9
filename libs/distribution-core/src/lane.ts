/** One partition of one topic: the unit of order. */
export interface Lane {
  readonly topic: string;
  readonly partition: number;
  /** One incarnation of the lane; positions of different epochs are never compared. */
  readonly epoch: string;
}

/** `monitoring/alerts#3`: names a lane within a process and on the wire, without its epoch. */
export type LaneName = `${string}#${number}`;

export const laneName = (lane: Pick<Lane, 'topic' | 'partition'>): LaneName => `${lane.topic}#${lane.partition}`;

export const isSameLane = (one: Lane, other: Lane): boolean =>
  one.topic === other.topic && one.partition === other.partition && one.epoch === other.epoch;
