import { ONE_TOPIC, shareProblem, topicsOf } from './topic-share.js';

describe('the topics of subscribers', () => {
  it('are one each, in turns', () => {
    expect([0, 1, 2, 3].map((subscriber) => topicsOf(subscriber, 3, ONE_TOPIC))).toEqual([[0], [1], [2], [0]]);
  });

  it('are another set for each, so that every topic has as many subscribers', () => {
    const share = { each: 100, step: 10, apart: 97 };
    const subscribersOf = new Uint8Array(10_000);
    const sets = new Set<string>();
    for (let subscriber = 0; subscriber < 1_000; subscriber++) {
      const topics = topicsOf(subscriber, 10_000, share);
      expect(new Set(topics).size).toBe(100);
      sets.add([...topics].sort((a, b) => a - b).join());
      for (const topic of topics) subscribersOf[topic]++;
    }
    expect(sets.size).toBe(1_000);
    expect(subscribersOf.every((count) => count === 10)).toBe(true);
  });

  it('are never the same one twice', () => {
    expect(shareProblem(10_000, { each: 100, step: 10, apart: 97 })).toBeUndefined();
    expect(shareProblem(50, { each: 100, step: 1, apart: 97 })).toBe('nobody can have 100 of 50');
    expect(shareProblem(9_700, { each: 100, step: 1, apart: 97 })).toContain('no divisor in common with 97');
  });
});
