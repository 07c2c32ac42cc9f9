import { EventNumbering, keyOf } from './event-numbering.js';

const placesOf = (numbering: EventNumbering, count: number) =>
  Array.from({ length: count }, (_, sequence) => `${numbering.topicOf(sequence)}:${numbering.placeOf(sequence)}`);

describe('EventNumbering', () => {
  it('leaves the numbers as they are when there is one topic', () => {
    expect(placesOf(new EventNumbering(1, 3), 5)).toEqual(['0:0', '0:1', '0:2', '0:3', '0:4']);
  });

  it('gives each topic a block in its turn, and counts for each from 0', () => {
    expect(placesOf(new EventNumbering(2, 3), 9)).toEqual([
      ...['0:0', '0:1', '0:2'],
      ...['1:0', '1:1', '1:2'],
      ...['0:3', '0:4', '0:5'],
    ]);
  });

  it('finds the event at a place of a topic again', () => {
    const numbering = new EventNumbering(3, 2);
    for (let sequence = 0; sequence < 30; sequence++) {
      expect(numbering.sequenceAt(numbering.topicOf(sequence), numbering.placeOf(sequence))).toBe(sequence);
    }
  });

  it('gives the keys of a topic to no other one', () => {
    const numbering = new EventNumbering(2, 1);
    expect([0, 1, 2, 3, 4, 5].map((sequence) => keyOf(numbering, sequence, 2))).toEqual([0, 1, 2, 3, 0, 1]);
  });
});
