import { aJwt } from '@distributary/distribution-service/testing';
import { aQuote, aSymbol, aTrade } from './events.js';
import type { TestApp } from './harness.js';
import { startSecured } from './secured.js';

const API = '/api/v1/market-data';
const TRADES = 'market-data/normalized/equities';
const RULE = 'must not be a topic of state, where newer events replace older ones: each TRADE counts';

describe('topics of state', () => {
  let app: TestApp;
  let acme: TestApp;
  beforeAll(async () => {
    app = await startSecured();
    acme = app.as(await aJwt({ tenant: 'acme' }));
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  let made = 0;
  const aTopic = async (caller: TestApp, more: object = {}): Promise<string> => {
    const name = `quotes/mine-${++made}`;
    expect((await caller.post(`${API}/topics`, { name, data_type: 'QUOTE', ...more })).status).toBe(201);
    return name;
  };
  const publishTo = async (caller: TestApp, topic: string, event: object) => {
    const { status, body } = await caller.post(`${API}/events`, { ...event, routing: { topic } });
    return status === 202 ? status : [status, body.code, body.errors];
  };
  const refused = [400, 'request.invalid', [{ path: 'events[0].routing.topic', rule: RULE }]];
  const conflation_key = 'routing_key';

  it('take quotes and no trades, whoever created them, for any tenant', async () => {
    for (const caller of [app, acme]) {
      const topic = await aTopic(caller, { conflation_key });
      expect(await publishTo(caller, topic, aQuote(aSymbol()))).toBe(202);
      expect(await publishTo(caller, topic, aTrade(aSymbol()))).toEqual(refused);
    }
  });

  it('are those that conflate now: changed, they take what they did not, and the other way about', async () => {
    const topic = await aTopic(app);
    const trade = aTrade(aSymbol());
    expect(await publishTo(app, topic, aTrade(aSymbol()))).toBe(202);
    await app.patch(`${API}/topics/${encodeURIComponent(topic)}`, { conflation_key });
    expect(await publishTo(app, topic, trade)).toEqual(refused);
    await app.patch(`${API}/topics/${encodeURIComponent(topic)}`, { conflation_key: 'none' });
    expect(await publishTo(app, topic, trade)).toBe(202);
  });

  it('are sent no trades by rules, which say why', async () => {
    const target_topic = await aTopic(app, { conflation_key });
    const symbol = aSymbol();
    const condition = { op: 'eq', attribute: 'symbol', value: symbol };
    const rule = { name: symbol, source_pattern: 'market-data/#', condition, target_topic, mode: 'move' };
    expect((await app.post(`${API}/routing/rules`, rule)).status).toBe(201);
    const [trade, quote] = [aTrade(symbol), aQuote(symbol)];
    const tried = await app.post(`${API}/routing/test`, { event: trade });
    expect(tried.body).toMatchObject({
      keeps_original: true,
      copies: [],
      rules: expect.arrayContaining([
        expect.objectContaining({ name: symbol, outcome: 'skipped', reason: 'unfit_topic', target_topic }),
      ]),
    });
    const results = await app.publish(trade, quote);
    expect(results.map(({ topic }) => topic)).toEqual([TRADES, target_topic]);
    const { text } = (await app.get('/metrics')).body as { text: string };
    expect(text).toMatch(/^routing_skipped_total\{.*reason="unfit_topic".*\} 1$/m);
  });
});
