/**
 * The events of a run are numbered from 0 and spread over its topics in turns, a block of neighbours each:
 * with two topics and blocks of three, `0 1 2` and `6 7 8` go to the first one.
 */
export class EventNumbering {
  constructor(
    readonly topics: number,
    readonly block: number,
  ) {}

  topicOf(sequence: number): number {
    return Math.floor(sequence / this.block) % this.topics;
  }

  /** Which event of its topic it is, from 0. */
  placeOf(sequence: number): number {
    const round = Math.floor(sequence / (this.block * this.topics));
    return round * this.block + (sequence % this.block);
  }

  /** The event that is at that place of the topic. */
  sequenceAt(topic: number, place: number): number {
    const round = Math.floor(place / this.block);
    return (round * this.topics + topic) * this.block + (place % this.block);
  }
}

/** Number of an event's key. The events of a topic take turns on `keys` of them, and no other topic has those. */
export function keyOf(numbering: EventNumbering, sequence: number, keys: number): number {
  return numbering.topicOf(sequence) + numbering.topics * (numbering.placeOf(sequence) % keys);
}
