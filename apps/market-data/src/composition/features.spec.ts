import { until } from '@distributary/distribution-core/testing';
import { openOwnDatabase, type OwnDatabase } from '@distributary/persistence/testing';
import { aTrade } from '../testing/published-events.js';
import { runApp, type TestApp } from '../testing/running-app.js';

describe('the service beside its doors', () => {
  let database: OwnDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await openOwnDatabase('market-data');
    app = await runApp({ DATABASE_URL: database.url, STATISTICS_INTERVAL_MS: '1000' });
  }, 60_000);
  afterAll(async () => {
    await app.close();
    await database.stop();
  }, 60_000);

  const publish = async (...events: object[]) => {
    const response = await fetch(`${app.httpUrl}/api/v1/market-data/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
    });
    expect(response.status).toBe(202);
  };

  it('says which numbers of a source never came', async () => {
    const numbered = (sequence: number) => aTrade({ symbol: 'GAP', sequence }, { metadata: { source: 'feed-1' } });
    await until('somebody listens to the sources', async () => {
      await publish(numbered(1));
      await publish(numbered(2), numbered(5));
      const query = 'patterns=market-data/status';
      const response = await fetch(`${app.httpUrl}/api/v1/market-data/events?${query}`);
      const { events } = (await response.json()) as { events: { data: Record<string, unknown> }[] };
      return events.some(
        ({ data }) => data.status === 'sequence_gap' && data.first_missing === 3 && data.last_missing === 4,
      );
    });
  }, 30_000);

  it('writes down what it has distributed', async () => {
    const controller = new AbortController();
    const response = await fetch(`${app.httpUrl}/api/v1/market-data/stream?symbols=COUNTED`, {
      signal: controller.signal,
    });
    const reader = response.body?.getReader();
    await reader?.read();
    await publish(aTrade({ symbol: 'COUNTED' }));
    const [found] = await until('a row of the topic', async () => {
      const found = await database.rows.query<{ messages: string; latency: number }[]>(
        `SELECT messages_distributed AS messages, avg_latency_ms AS latency FROM distribution_stats
          WHERE topic_name = 'market-data/normalized/equities' AND messages_distributed > 0`,
      );
      return found.length > 0 && found;
    });
    expect(Number(found.messages)).toBe(1);
    expect(found.latency).toBeGreaterThan(0);
    // Each table has a writer of its own.
    await until('a row of its lane', async () => {
      const lanes = await database.rows.query<unknown[]>(
        'SELECT 1 FROM distribution_metrics_ts WHERE throughput_per_second > 0',
      );
      return lanes.length > 0;
    });
    controller.abort();
  }, 30_000);
});
