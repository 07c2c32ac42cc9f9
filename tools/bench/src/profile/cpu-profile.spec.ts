import { areaOf, type CpuProfile, timeByArea, timeByFunction } from './cpu-profile.js';

describe('the area of a function', () => {
  it.each([
    ['file:///w/libs/distribution-core/dist/fan-out/feed.js', 'distribution-core/fan-out'],
    ['file:///w/libs/distribution-core/dist/event-batch.js', 'distribution-core'],
    ['file:///w/apps/monitoring/dist/events/reading/metric-scan.js', 'monitoring/events'],
    ['file:///w/node_modules/lmdb/write.js', 'lmdb'],
    ['file:///w/node_modules/@nestjs/core/router/router.js', '@nestjs/core'],
    ['file:///w/node_modules/a/node_modules/b/index.js', 'b'],
    ['node:net', 'node:net'],
    ['node:internal/stream_base_commons', 'node:internal'],
    ['', 'writev'],
  ])('of %s is %s', (url, area) => {
    expect(areaOf({ functionName: 'writev', url })).toBe(area);
  });
});

describe('a profile', () => {
  const frame = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url } });
  const profile: CpuProfile = {
    nodes: [frame(1, '(idle)'), frame(2, 'a', 'node:net'), frame(3, 'b', 'node:net'), frame(4, '(program)')],
    samples: [4, 2, 1, 3, 4],
    timeDeltas: [1e6, 1e6, 4e6, 2e6, 1e6],
  };

  it('tells time by area, and what of it the thread waited', () => {
    expect(timeByArea(profile, { from: 0, to: 100 })).toEqual({
      seconds: 9,
      busySeconds: 5,
      areas: [
        { area: 'node:net', seconds: 3 },
        { area: '(program)', seconds: 2 },
      ],
    });
  });

  it('is told of a stretch alone', () => {
    expect(timeByArea(profile, { from: 1.5, to: 8.5 })).toEqual({
      seconds: 7,
      busySeconds: 3,
      areas: [{ area: 'node:net', seconds: 3 }],
    });
  });

  it('tells time of functions with all that they called, once where they call themselves', () => {
    const calling = (id: number, functionName: string, children: number[]) => ({
      ...frame(id, functionName),
      children,
    });
    const recursive: CpuProfile = {
      nodes: [
        calling(1, '(root)', [2, 5]),
        calling(2, 'a', [3]),
        calling(3, 'b', [4]),
        frame(4, 'a'),
        frame(5, '(idle)'),
      ],
      samples: [2, 4, 3, 5],
      timeDeltas: [1e6, 2e6, 4e6, 8e6],
    };
    expect(timeByFunction(recursive, { from: 0, to: 100 })).toEqual({
      seconds: 15,
      busySeconds: 7,
      areas: [
        { area: 'a', seconds: 7 },
        { area: 'b', seconds: 6 },
      ],
    });
  });
});
