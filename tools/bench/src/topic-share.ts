/** Which topics a subscriber has: `each` of them, `apart` from one another; the next subscriber's begin `step` further on. */
export interface TopicShare {
  readonly each: number;
  readonly step: number;
  readonly apart: number;
}

/** Subscribers take turns on the topics, and have one each. */
export const ONE_TOPIC: TopicShare = { each: 1, step: 1, apart: 1 };

/** Numbers of its topics, each once if {@link shareProblem} has nothing to say. */
export const topicsOf = (subscriber: number, topics: number, { each, step, apart }: TopicShare): number[] =>
  Array.from({ length: each }, (_, place) => (subscriber * step + place * apart) % topics);

/** Why a subscriber would have a topic twice; undefined: it has not. */
export function shareProblem(topics: number, { each, apart }: TopicShare): string | undefined {
  if (each > topics) return `nobody can have ${each} of ${topics}`;
  return greatestCommonDivisor(topics, apart) === 1
    ? undefined
    : `${topics} must have no divisor in common with ${apart}`;
}

const greatestCommonDivisor = (one: number, other: number): number =>
  other === 0 ? one : greatestCommonDivisor(other, one % other);
