import type { Metrics } from '@distributary/distribution-core';

/** What was counted so far and is not zero, by name and the values of labels; of gauges what was set last. */
export function countedMetrics(): { metrics: Metrics; counts: () => Readonly<Record<string, number>> } {
  const counted = new Map<string, number>();
  const nameOf = (name: string, labels = {}) => [name, ...Object.values(labels)].join(' ');
  const metrics: Metrics = {
    counter: (name, _help, labels) => ({
      add: (amount = 1) => counted.set(nameOf(name, labels), (counted.get(nameOf(name, labels)) ?? 0) + amount),
    }),
    gauge: (name, _help, labels) => ({ set: (value) => counted.set(nameOf(name, labels), value) }),
    histogram: () => ({ observe: () => undefined }),
  };
  return { metrics, counts: () => Object.fromEntries([...counted].filter(([, value]) => value !== 0)) };
}
