import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import { aJwt, EVERYTHING, type Grant, idsOf, JWT_SECRET } from '@distributary/distribution-service/testing';
import { openHistorical } from './doors/grpc.js';
import { aQuote, aSymbol, aTrade } from './events.js';
import { TestApp } from './harness.js';

const START = '2025-06-21T09:30:00Z';
const TRADES = 'market-data/normalized/#';

describe('StreamHistoricalData, where it is asked who calls', () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'distributary-historical-access-'));
  let app: TestApp;
  let acme: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      AUTH: 'required',
      AUTH_KEY_FILE: path.join(directory, 'first.key'),
      JWT_SECRET,
      ARCHIVE_DIR: path.join(directory, 'archive'),
    });
    acme = await as({ tenant: 'acme' });
    for (const [name, data_type] of [
      ['market-data/normalized/equities', 'TRADE'],
      ['market-data/normalized/crypto', 'TRADE'],
      ['market-data/quotes/equities', 'QUOTE'],
    ]) {
      const { status } = await acme.post('/api/v1/market-data/topics', { name, data_type });
      if (status !== 201) throw new Error(`${name} answered ${status}`);
    }
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  const as = async (claims: { tenant?: string; permissions?: readonly Grant[] }) => app.as(await aJwt(claims));
  const asked = async (who: TestApp, request: object) => {
    const call = openHistorical(who, { start_time: START, ...request });
    await until('the end', () => call.end !== 'open', 20_000);
    call.close();
    return { end: call.end, ids: call.events.map(({ event_id: id }) => id), cursor: call.cursor };
  };
  const reading = (...permissions: Grant[]) => as({ permissions });

  it('refuses who says nothing, something that is no token, or may not read', async () => {
    const symbols = [aSymbol()];
    expect((await asked(app, { symbols })).end).toMatchObject({ code: 'auth.missing' });
    expect((await asked(app.as('nonsense'), { symbols })).end).toMatchObject({ code: 'auth.missing' });
    const writer = await reading({ verbs: ['publish', 'subscribe'], topic_pattern: '#' });
    expect((await asked(writer, { symbols })).end).toMatchObject({ code: 'auth.forbidden' });
    const elsewhere = await reading({ verbs: ['read'], topic_pattern: 'monitoring/#' });
    expect((await asked(elsewhere, { symbols })).end).toMatchObject({ code: 'auth.forbidden' });
  });

  it('has of the topics and events what the caller is permitted', async () => {
    const symbol = aSymbol();
    const everybody = await as({ permissions: EVERYTHING });
    const [trade, coin, quote] = [
      aTrade(symbol),
      aTrade(symbol, { asset_class: 'crypto', exchange: 'XNYS' }),
      aQuote(symbol),
    ];
    await everybody.publish(trade, coin, quote);
    expect((await asked(everybody, { symbols: [symbol] })).ids.sort()).toEqual(idsOf([trade, coin]).sort());
    const equities = await reading({ verbs: ['read'], topic_pattern: 'market-data/normalized/equities' });
    expect(await asked(equities, { symbols: [symbol] })).toMatchObject({ end: 'whole', ids: [trade.event_id] });
    const constraint = { op: 'eq', attribute: 'exchange', value: 'XNYS' };
    const ofExchange = await reading({ verbs: ['read'], topic_pattern: TRADES, constraint });
    expect(await asked(ofExchange, { symbols: [symbol] })).toMatchObject({ end: 'whole', ids: [coin.event_id] });
  });

  it('has nothing of another tenant, nor does its cursor', async () => {
    const symbol = aSymbol();
    const everybody = await as({ permissions: EVERYTHING });
    const [ours, theirs] = [aTrade(symbol), aTrade(symbol)];
    await everybody.publish(ours);
    await acme.publish(theirs);
    expect((await asked(everybody, { symbols: [symbol] })).ids).toEqual([ours.event_id]);
    const { ids, cursor } = await asked(acme, { symbols: [symbol] });
    expect(ids).toEqual([theirs.event_id]);
    const text = Buffer.from(String(cursor).slice('v1.'.length), 'base64url').toString();
    expect(text).toContain('market-data/normalized/equities');
    expect(text).not.toContain('@acme');
  });
});
