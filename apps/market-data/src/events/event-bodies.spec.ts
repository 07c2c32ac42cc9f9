import { LOCAL_PRINCIPAL, noMetrics } from '@distributary/distribution-core';
import { SystemClock } from '@distributary/distribution-nest';
import { EventsService, IngestPublisher, type PublishedEvent } from '@distributary/distribution-service';
import { aTrade, countingIds } from '../testing/published-events.js';
import { marketDataEvents } from './event-form.js';

const clock = new SystemClock();
let appended: PublishedEvent[] = [];
/** Takes what it is given: where it goes is not looked at here. */
const ingest = {
  publish: (events: readonly PublishedEvent[]) => {
    appended.push(...events);
    const lane = { topic: 't', partition: 0, epoch: 'e' };
    return Promise.resolve(
      events.map(({ topic, record }) => ({ eventId: record.eventId, duplicate: false, topic, lane, position: '1' })),
    );
  },
};
const reader = marketDataEvents.reader({ clock, ids: countingIds, metrics: noMetrics });
const publisher = new IngestPublisher<unknown>(ingest, reader, { run: (_events, work) => work() });
const service = new EventsService(publisher, { run: (_bytes, work) => work() }, clock, reader);
const bodyOf = (text: string) => {
  const bytes = Buffer.from(text);
  return { bytes, parse: (part = text) => JSON.parse(part) as unknown };
};
async function list(body: unknown): Promise<readonly PublishedEvent[]> {
  appended = [];
  await service.ingestBody(bodyOf(typeof body === 'string' ? body : JSON.stringify(body)), LOCAL_PRINCIPAL);
  return appended;
}
async function lines(text: string): Promise<readonly PublishedEvent[]> {
  appended = [];
  await service.ingestLines(bodyOf(text), LOCAL_PRINCIPAL);
  return appended;
}
const problems = (...all: [string, string][]) =>
  expect.objectContaining({ code: 'request.invalid', problems: all.map(([path, rule]) => ({ path, rule })) });
/** Not that it must be a text: a volume must not. */
const ROUNDED = 'must not have more digits than a number holds; a decimal may be a text';

describe('the body of a request', () => {
  it.each([
    ['one event', aTrade(), 1],
    ['a list', [aTrade(), aTrade()], 2],
    ['a list with a name', { events: [aTrade()] }, 1],
  ])('can be %s', async (_name, body, count) => {
    expect(await list(body)).toHaveLength(count);
  });

  it('can have one event a line', async () => {
    const text = `${JSON.stringify(aTrade())}\n\n  ${JSON.stringify(aTrade({ symbol: 'MSFT' }))}\r\n`;
    expect((await lines(text)).map(({ record }) => record.attributes.symbol)).toEqual(['AAPL', 'MSFT']);
  });

  it('is refused with every problem of every event', async () => {
    const rule = 'must be a whole number from 0 to 9007199254740991';
    const wrong = [aTrade({ volume: -1 }), aTrade(), aTrade({ volume: 0.5 })];
    const both = problems(['events[0].data.volume', rule], ['events[2].data.volume', rule]);
    await expect(list(wrong)).rejects.toEqual(both);
    await expect(lines(wrong.map((event) => JSON.stringify(event)).join('\n'))).rejects.toEqual(both);
    await expect(lines(`{\n${JSON.stringify(aTrade({ volume: -1 }))}`)).rejects.toEqual(
      problems(['events[0]', 'must be one line of JSON'], ['events[1].data.volume', rule]),
    );
  });

  it('is refused where a number has lost digits, however it is wrapped', async () => {
    const event = JSON.stringify(aTrade()).replace('150.25', '150.250000000000000001');
    await expect(list(event)).rejects.toEqual(problems(['events[0].data.price', ROUNDED]));
    const volume = JSON.stringify(aTrade()).replace(/"volume":\d+/, '"volume":9007199254740993');
    await expect(list(volume)).rejects.toEqual(problems(['events[0].data.volume', ROUNDED]));
    await expect(list(`[${event}]`)).rejects.toEqual(problems(['events[0].data.price', ROUNDED]));
    await expect(list(`{"events":[${event},${event}]}`)).rejects.toEqual(
      problems(['events[0].data.price', ROUNDED], ['events[1].data.price', ROUNDED]),
    );
    await expect(lines(`${JSON.stringify(aTrade())}\n${event}`)).rejects.toEqual(
      problems(['events[1].data.price', ROUNDED]),
    );
  });

  it('is refused if it holds nothing, too much, or something else', async () => {
    await expect(list([])).rejects.toEqual(problems(['events', 'must hold at least one event']));
    await expect(lines('\n \n')).rejects.toEqual(problems(['events', 'must hold at least one event']));
    await expect(list({ events: 7 })).rejects.toEqual(problems(['events', 'must be a list']));
    await expect(list('7')).rejects.toEqual(
      problems(['', 'must be an event, a list of events, or { "events": [...] }']),
    );
    const many = Array.from({ length: 1_001 }, () => ({}));
    await expect(list(many)).rejects.toThrow(expect.objectContaining({ code: 'payload.too_large' }));
    const good = Array.from({ length: 1_001 }, () => JSON.stringify(aTrade())).join('\n');
    await expect(lines(good)).rejects.toThrow(expect.objectContaining({ code: 'payload.too_large' }));
  });

  it('is late behind what happened later, unless that was refused', async () => {
    const at = (time: string) => aTrade({ symbol: 'LATE', timestamp: `2025-06-21T09:30:${time}Z` });
    const lateness = (events: readonly PublishedEvent[]) => events.map(({ record }) => record.attributes.late === true);
    await expect(list([at('59.000'), aTrade({ volume: -1 })])).rejects.toThrow('volume');
    expect(lateness(await list([at('01.000'), at('03.000'), at('02.000')]))).toEqual([false, false, true]);
    const [event] = await list(at('02.500'));
    expect(JSON.parse(Buffer.from(event.record.value).toString())).toMatchObject({ metadata: { late: true } });
  });
});
