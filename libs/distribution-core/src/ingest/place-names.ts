import type { Lane } from '../lane.js';

interface PlaceName {
  readonly key: string;
  readonly topic: string;
  readonly lane: Lane;
  holders: number;
}

/** Numbers for topic and lane, each for as long as somebody holds it: there are few, and many events in each. */
export class PlaceNames {
  private readonly numbers = new Map<string, number>();
  private readonly names: (PlaceName | undefined)[] = [];
  private readonly free: number[] = [];

  hold(topic: string, lane: Lane): number {
    const key = `${topic}\n${lane.topic}\n${lane.partition}\n${lane.epoch}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.free.pop() ?? this.names.length;
      this.names[number] = { key, topic, lane, holders: 0 };
      this.numbers.set(key, number);
    }
    (this.names[number] as PlaceName).holders++;
    return number;
  }

  /** For one more event of a place that is held already. */
  holdAgain(number: number): void {
    (this.names[number] as PlaceName).holders++;
  }

  at(number: number): { readonly topic: string; readonly lane: Lane } {
    return this.names[number] as PlaceName;
  }

  release(number: number): void {
    const name = this.names[number] as PlaceName;
    if (--name.holders > 0) return;
    this.numbers.delete(name.key);
    this.names[number] = undefined;
    this.free.push(number);
  }
}
