import { FakeClock } from '@distributary/distribution-core/testing';
import { aTrade, countingIds } from '../../testing/published-events.js';
import { EventBodies } from './event-bodies.js';

const bodies = new EventBodies({ clock: new FakeClock(), ids: countingIds });
let turns = 0;
const nextTurn = () => {
  turns++;
  return Promise.resolve();
};
const bodyOf = (text: string) => {
  const bytes = Buffer.from(text);
  return { bytes, parse: (part = text) => JSON.parse(part) as unknown };
};
const list = (body: unknown) => bodies.list(bodyOf(typeof body === 'string' ? body : JSON.stringify(body)), nextTurn);
const lines = (text: string) => bodies.lines(bodyOf(text), nextTurn);
const problems = (...all: [string, string][]) =>
  expect.objectContaining({ code: 'request.invalid', problems: all.map(([path, rule]) => ({ path, rule })) });
const ROUNDED = 'must be a text: a number does not hold all of its digits';

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

  it('lets others have their turn', async () => {
    turns = 0;
    await list(Array.from({ length: 200 }, () => aTrade()));
    await lines(Array.from({ length: 200 }, () => JSON.stringify(aTrade())).join('\n'));
    expect(turns).toBe(12);
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
});
