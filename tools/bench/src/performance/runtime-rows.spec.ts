import { runtimeRows } from './runtime-rows.js';

describe('rows of what held up the service', () => {
  it('have a value of each run that tells of it, and are left out if none does', () => {
    const runtime = { loopDelayP999Ms: 7, gcMsPerSecond: 30, gcLongestMs: 12 };
    expect(runtimeRows([{ runtime }, {}, { runtime }], { atMost: 5 })).toEqual([
      { name: 'loop delay p99.9', unit: 'ms', values: [7, 7], goal: { atMost: 5 } },
      { name: 'collector', unit: 'ms/s', values: [30, 30] },
      { name: 'collector, longest pause, at most', unit: 'ms', values: [12, 12] },
    ]);
    expect(runtimeRows([{}])).toEqual([]);
  });
});
