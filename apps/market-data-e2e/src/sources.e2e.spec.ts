import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { sseDoor, subscribed } from '@distributary/distribution-service/testing';
import { aSymbol, aTrade } from './events.js';
import { TestApp } from './harness.js';

describe('sources of market data', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('are told of when numbers of theirs never came, or they begin anew', async () => {
    const [symbol, source] = [aSymbol(), `feed-${randomUUID().slice(0, 8)}`];
    const status = await subscribed(sseDoor, app, { data_types: ['STATUS'] });
    const told = (kind: string) =>
      status.record.received().filter(({ data }) => data.source === source && data.status === kind);
    const publish = (...sequences: readonly number[]) =>
      app.publish(...sequences.map((sequence) => aTrade(symbol, { sequence }, { metadata: { source } })));
    let next = 5_000;
    // The duty is taken a moment after the start.
    await until(
      'somebody who listens to the sources',
      async () => {
        await publish(next, next + 3);
        next += 4;
        await until('a gap', () => told('sequence_gap').length > 0, 2_500).catch(() => undefined);
        return told('sequence_gap').length > 0;
      },
      20_000,
    );
    const [{ data }] = told('sequence_gap');
    expect(Number(data.last_missing) - Number(data.first_missing)).toBe(1);
    await publish(1);
    await until('the new count', () => told('sequence_reset').length > 0);
    expect(told('sequence_reset')).toMatchObject([{ data: { source, symbol } }]);
    await status.close();
  }, 60_000);
});
