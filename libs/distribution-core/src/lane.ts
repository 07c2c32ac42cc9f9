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

export function parseLaneName(name: string): { topic: string; partition: number } | undefined {
  const hash = name.lastIndexOf('#');
  const partition = Number(name.slice(hash + 1));
  if (hash <= 0 || name.length === hash + 1 || !Number.isInteger(partition) || partition < 0) return undefined;
  return { topic: name.slice(0, hash), partition };
}
