import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { idsOf, sseDoor, subscribed } from '@distributary/distribution-service/testing';
import { aSymbol } from './events.js';
import type { TestApp } from './harness.js';

const API = '/api/v1/market-data';

export interface OtherProgram {
  readonly app: TestApp;
  /** Writes these texts to the broker's topic, past the service, in one lane and in this order. */
  write(brokerName: string, texts: readonly string[]): Promise<void>;
}

/** A topic of theirs, and a rule that routes all of it to a topic of trades. */
async function routedTopic(app: TestApp) {
  const name = `theirs/${randomUUID()}`;
  const brokerName = name.replace('/', '-');
  const topic = { name, data_type: 'TRADE', origin: 'external', broker_name: brokerName, payload_format: 'json' };
  expect(await app.post(`${API}/topics`, topic)).toMatchObject({ status: 201, body: { payload_format: 'json' } });
  const rule = { name: brokerName, source_pattern: name, target_topic: 'market-data/normalized/equities' };
  expect((await app.post(`${API}/routing/rules`, rule)).status).toBe(201);
  return { name, brokerName };
}

/** What holds on every broker. */
export function describeExternalDocuments(where: string, open: () => OtherProgram): void {
  describe(`JSON documents that others write, ${where}`, () => {
    it('become events that are selected by what they say, by the rules of published ones; the others are dead letters', async () => {
      const { app, write } = open();
      const { name, brokerName } = await routedTopic(app);
      const [symbol, first] = [aSymbol(), aSymbol()];
      const trade = (price: unknown) => ({ symbol, exchange: 'nasdaq', price, volume: 10 });
      const reader = await subscribed(sseDoor, app, { symbols: [symbol], min_price: 100 });
      const pilot = await subscribed(sseDoor, app, { symbols: [first] });
      // Until the router stands, what comes is the past.
      await until('routed', async () => {
        await write(brokerName, [JSON.stringify({ ...trade(1), symbol: first })]);
        return pilot.record.received().length > 0;
      });
      await pilot.close();
      await write(brokerName, [
        JSON.stringify(trade(150.25)),
        JSON.stringify(trade(99)),
        JSON.stringify(trade(-1)),
        '{"symbol":',
        JSON.stringify({ event_id: `${symbol}:mine`, data: trade('151.5'), metadata: { source: 'itch' } }),
        JSON.stringify(trade(150)).replace('150', '0.30000000000000004'),
        JSON.stringify({ ...trade(152), data_type: 'BAR' }),
        JSON.stringify([trade(150)]),
        JSON.stringify(trade(153)),
      ]);
      const events = await reader.record.events(3);
      expect(idsOf(events)).toEqual([expect.any(String), `${symbol}:mine`, expect.any(String)]);
      expect(events).toMatchObject([
        {
          data_type: 'TRADE',
          distribution: { topic: 'market-data/normalized/equities' },
          data: { symbol, exchange: 'NASDAQ', price: 150.25, volume: 10, asset_class: 'equities' },
          routing: { routing_key: `${symbol}.NASDAQ.trade`, delivery_guarantees: 'at_least_once' },
          metadata: { source: 'external' },
        },
        { data: { price: 151.5 }, metadata: { source: 'itch' } },
        { data: { price: 153 } },
      ]);
      const { body } = await app.get(`${API}/dead-letters?topic=${name}`);
      const letters = body.items as readonly { readonly reason: string; readonly dead_letter_id: string }[];
      expect(letters).toMatchObject([
        { reason: 'event_invalid', subscription_id: `router:${name}`, fault: 'service', attempts: 1 },
        { reason: 'payload_unreadable' },
        { reason: 'event_invalid' },
        { reason: 'event_invalid' },
        { reason: 'event_invalid' },
      ]);
      const letter = await app.get(`${API}/dead-letters/${letters[0].dead_letter_id}`);
      expect(letter.body).toMatchObject({ event: trade(-1) });
      await reader.close();
    }, 60_000);
  });
}
