import { COMMAND_DOORS } from './doors/all-doors.js';
import { aMetric, aService } from './events.js';
import { TestApp } from './harness.js';

const API = '/api/v1/monitoring';
/** Beyond what the stack has room for, if something calls itself for each level. */
const FAR_TOO_DEEP = 20_000;

const listsIn = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
const objectsIn = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));
/** Within the event and its metadata. */
const nested = (note: unknown) => {
  const event = aMetric(aService());
  return { ...event, metadata: { ...event.metadata, note } };
};
const textOf = (note: 'lists' | 'objects') => {
  const [open, close] = note === 'lists' ? ['[', ']'] : ['{"a":', '}'];
  const value = `${open.repeat(FAR_TOO_DEEP)}${note === 'lists' ? '' : '1'}${close.repeat(FAR_TOO_DEEP)}`;
  return JSON.stringify(nested('NOTE')).replace('"NOTE"', value);
};

describe('an event that is nested', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 120_000);
  afterAll(() => app.stop(), 60_000);

  const PROBLEMS = [{ path: 'events[0].metadata.note', rule: 'must be nested at most 64 deep' }];
  const post = async (body: string) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${app.httpUrl}${API}/events`, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as unknown };
  };

  it.each(['lists', 'objects'] as const)(
    'too deep, in %s, is request.invalid with its path over REST',
    async (kind) => {
      for (const body of [textOf(kind), `[${textOf(kind)}]`, `{"events":[${textOf(kind)}]}`]) {
        expect(await post(body)).toMatchObject({ status: 400, body: { code: 'request.invalid', errors: PROBLEMS } });
      }
    },
  );

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    it.each([
      ['lists', listsIn(100)],
      ['objects', objectsIn(100)],
    ])('too deep, in %s, is request.invalid with its path', async (_kind, note) => {
      const stream = await door.connect(app);
      stream.send('publish', { id: 'p', events: [nested(note)] });
      expect(await stream.record.next('error')).toMatchObject({ code: 'request.invalid', errors: PROBLEMS });
      await stream.close();
    });
  });

  it('as deep as is allowed is taken', async () => {
    const taken = [listsIn(62), objectsIn(62)].map(nested);
    expect(await post(JSON.stringify(taken))).toMatchObject({ status: 202 });
    expect(await post(JSON.stringify(nested(listsIn(63))))).toMatchObject({ status: 400 });
  });
});
