import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { FanOutResult } from './fan-out.js';
import { fanOutReport } from './fan-out-report.js';

/** The built tool, as `npm run bench` runs it: the tests build first. */
const MAIN = path.resolve(import.meta.dirname, '../dist/main.js');
const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

describe('the bench fan-out', () => {
  it('measures the twin with the same load and loses nothing on the way', () => {
    const { stdout, stderr, status } = run(
      ...[
        'fan-out',
        '--targets',
        'twin',
        '--subscribers',
        '50',
        '--rate',
        '2000',
        '--seconds',
        '0.5',
        '--pairs',
        '1',
        '--json',
      ],
    );
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    const result = JSON.parse(stdout) as FanOutResult;
    expect(result.series[0].twin[0]).toMatchObject({ events: 60, missing: 0, duplicated: 0, outOfOrder: 0, closed: 0 });
    expect(fanOutReport(result)).toContain('60 events accepted');
  });

  it('says how it is used', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--subscribers') as string });
  });
});
