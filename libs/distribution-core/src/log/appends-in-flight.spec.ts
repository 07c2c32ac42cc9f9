import { anEvent } from '../testing/builders.js';
import { AppendsInFlight } from './appends-in-flight.js';

const OVERHEAD = 10;
const append = (...sizes: number[]) => ({
  topic: 't',
  partition: 3,
  records: sizes.map((size) => ({ ...anEvent(), value: new Uint8Array(size) })),
});

describe('appends that a log has not answered yet', () => {
  const seen: number[] = [];
  const inFlight = () =>
    new AppendsInFlight({ maxInFlightBytes: 100, maxRecordBytes: 50 }, OVERHEAD, (bytes) => seen.push(bytes));
  beforeEach(() => seen.splice(0));

  it('count their values and what an event costs beside them, until they are answered', () => {
    const appends = inFlight();
    expect(appends.begin([append(20, 10), append(5)])).toBe(65);
    appends.end(65);
    expect(seen).toEqual([65, 0]);
  });

  it.each([
    [[append()], { code: 'request.invalid', problems: [{ path: 't#3', rule: 'must have at least one record' }] }],
    [[append(51)], { code: 'payload.too_large', message: 'an event of 51 bytes is larger than 50 bytes' }],
    [[append(40, 41)], { code: 'payload.too_large', message: 'an append of 101 bytes is larger than 100 bytes' }],
  ])('are refused at once where they can never be taken', (appends, error) => {
    expect(() => inFlight().begin(appends)).toThrow(expect.objectContaining(error) as Error);
    expect(seen).toEqual([]);
  });

  it('are refused for a while beyond what may be in flight, and taken when there is room again', () => {
    const appends = inFlight();
    const bytes = appends.begin([append(50)]);
    expect(() => appends.begin([append(31)])).toThrow(
      expect.objectContaining({ code: 'ingest.busy', retryAfterMs: 50 }) as Error,
    );
    appends.end(bytes);
    expect(appends.begin([append(31)])).toBe(41);
  });

  it('are waited for by whoever closes the log', async () => {
    const appends = inFlight();
    await appends.drained();
    const [one, other] = [appends.begin([append(1)]), appends.begin([append(2)])];
    let isDrained = false;
    const drained = appends.drained().then(() => (isDrained = true));
    appends.end(one);
    await Promise.resolve();
    expect(isDrained).toBe(false);
    appends.end(other);
    await drained;
  });
});
