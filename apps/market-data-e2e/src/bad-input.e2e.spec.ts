import { randomUUID } from 'node:crypto';
import type { ErrorPayload } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import {
  ask,
  binaryWebSocketDoor,
  connectWebSocket,
  type CommandDoor,
  type Fields,
  metadataOf,
  openEventSource,
  type Selection,
  sseDoor,
  type Stream,
  type StreamDoor,
  webSocketDoor,
} from '@distributary/distribution-service/testing';
import { exchangeDoor, managementClient, marketClient, openHistorical, typedDoor } from './doors/grpc.js';
import { aSymbol, aTrade } from './events.js';
import { TestApp } from './harness.js';

const API = '/api/v1/market-data';
const START = '2025-06-21T09:30:00Z';
const BEFORE = '2025-06-21T09:29:59Z';

/** Asks one thing and gives the error that it is answered with. */
type Asking = (app: TestApp) => Promise<Partial<ErrorPayload>>;

const overRest =
  (path: string): Asking =>
  async (app) => {
    const { status, body } = await app.get(`${API}/${path}`);
    return { ...body, status } as Partial<ErrorPayload>;
  };

const rejection = async (answer: Promise<unknown>): Promise<Partial<ErrorPayload>> => {
  const outcome: unknown = await answer.catch((error: unknown) => error);
  if (!(outcome instanceof Error)) throw new Error(`nothing was refused: ${JSON.stringify(outcome)}`);
  return outcome as Partial<ErrorPayload>;
};

const overStream =
  (door: StreamDoor, selection: Selection): Asking =>
  (app) =>
    firstError(door.open(app, selection));

/** Each door at which a query subscribes. */
const streamQueries = (query: string): [string, Asking][] => [
  ['server-sent events', (app) => firstError(openEventSource(app, query))],
  ['WebSocket', (app) => firstError(connectWebSocket(app, `?${query}`))],
];

async function firstError(opening: Promise<Stream>): Promise<Partial<ErrorPayload>> {
  const stream = await opening;
  const error = await stream.record.next('error');
  await stream.close();
  return error;
}

type Command = 'publish' | 'history';

const byCommand =
  (door: CommandDoor, command: Command, payload: object): Asking =>
  async (app) => {
    const stream = await door.connect(app);
    stream.send(command, { id: 'x', ...payload } as never);
    const error = await stream.record.next('error');
    await stream.close();
    expect(error.id).toBe('x');
    return error;
  };

const overGrpc =
  (clientOf: typeof marketClient, method: string, request: Fields): Asking =>
  async (app) => {
    const client = clientOf(app);
    const error = await rejection(ask(app, client, method, request));
    client.close();
    return error;
  };

const overHistorical =
  (request: object): Asking =>
  async (app) => {
    const call = openHistorical(app, { symbols: ['AAPL'], start_time: START, ...request });
    await until('the refusal', () => call.end !== 'open');
    call.close();
    return call.end as ErrorPayload;
  };

const overPublishStream =
  (event: object): Asking =>
  async (app) => {
    const client = marketClient(app);
    const call = client.PublishStream(metadataOf(app));
    const answers: Fields[] = [];
    call.on('data', (answer: Fields) => answers.push(answer));
    call.on('error', () => undefined);
    call.write({ events: [Buffer.from(JSON.stringify(event))] });
    const error = await until('an answer', () => answers[0]?.error as ErrorPayload | undefined);
    call.cancel();
    client.close();
    return error;
  };

const COMMAND_DOORS = [webSocketDoor, binaryWebSocketDoor, exchangeDoor];

/** Each door that takes events. */
const publishing = (event: object): [string, Asking][] => [
  ['REST', async (app) => (await app.post(`${API}/events`, [event])).body as Partial<ErrorPayload>],
  ...COMMAND_DOORS.map((door): [string, Asking] => [door.name, byCommand(door, 'publish', { events: [event] })]),
  ['gRPC Publish', overGrpc(marketClient, 'Publish', { events: [Buffer.from(JSON.stringify(event))] })],
  ['gRPC PublishStream', overPublishStream(event)],
];

const PATTERNS = ['market-data/normalized/equities'];

/** Each door that takes a selection of the words of market data. `query`: as REST has it. */
const selecting = (selection: Selection, query: string): [string, Asking][] => [
  ...[webSocketDoor, binaryWebSocketDoor, sseDoor, exchangeDoor, typedDoor].map((door): [string, Asking] => [
    door.name,
    overStream(door, selection),
  ]),
  ...COMMAND_DOORS.map((door): [string, Asking] => [
    `history over ${door.name}`,
    byCommand(door, 'history', { patterns: PATTERNS, ...selection }),
  ]),
  ['GET events', overRest(`events?${query}`)],
  [
    'POST subscriptions',
    async (app) =>
      (await app.post(`${API}/subscriptions`, { subscription_id: randomUUID(), ...selection }))
        .body as Partial<ErrorPayload>,
  ],
  [
    'gRPC CreateSubscription',
    overGrpc(managementClient, 'CreateSubscription', { subscription_id: randomUUID(), selection }),
  ],
];

const not = (doors: [string, Asking][], ...names: string[]) => doors.filter(([name]) => !names.includes(name));

const bar = (interval: string) => ({
  data_type: 'BAR',
  data: { symbol: 'AAPL', exchange: 'XNAS', interval, open: 1, high: 1, low: 1, close: 1, volume: 1 },
});

describe('bad input is refused with its code and its path', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const refuses = async (asking: Asking, ...paths: string[]) =>
    expect(await asking(app)).toMatchObject({
      code: 'request.invalid',
      errors: paths.map((path) => ({ path, rule: expect.stringMatching(/./) })),
    });

  describe('a symbol that is none', () => {
    it.each(publishing(aTrade('A B')))('in an event, by %s', (_door, asking) =>
      refuses(asking, 'events[0].data.symbol'),
    );

    it.each(selecting({ symbols: ['AAPL', 'A B'] }, 'symbols=AAPL,A%20B'))('asked for, by %s', (_door, asking) =>
      refuses(asking, 'symbols[1]'),
    );

    it.each<[string, Asking, string]>([
      ['GET latest', overRest('A%20B/latest'), 'symbol'],
      ['GET history', overRest('A%20B/history'), 'symbol'],
      ['gRPC StreamHistoricalData', overHistorical({ symbols: ['A B'] }), 'symbols[0]'],
    ])('asked for, by %s', (_door, asking, path) => refuses(asking, path));
  });

  it('has no latest of a symbol that nobody has heard of, and a past without anything', async () => {
    expect(await app.get(`${API}/${aSymbol()}/latest`)).toMatchObject({
      status: 404,
      body: { code: 'symbol.not_found' },
    });
    expect(await app.get(`${API}/${aSymbol()}/history`)).toMatchObject({ status: 200, body: { count: 0 } });
  });

  describe('times that are inverted', () => {
    it.each<[string, Asking]>([
      ['GET history', overRest(`AAPL/history?start_time=${START}&end_time=${BEFORE}`)],
      ['GET history, for ever', overRest('AAPL/history?end_time=9999-12-31T23:59:59Z')],
      ['gRPC StreamHistoricalData', overHistorical({ end_time: BEFORE })],
      ['gRPC StreamHistoricalData, for ever', overHistorical({ end_time: '9999-12-31T23:59:59Z' })],
    ])('by %s', (_door, asking) => refuses(asking, 'end_time'));
  });

  describe('a limit beyond the maximum', () => {
    it.each<[string, Asking]>([
      ['GET history', overRest('AAPL/history?limit=5001')],
      ['GET events', overRest('events?limit=1001')],
      ['GET subscriptions', overRest('subscriptions?limit=1001')],
      ...COMMAND_DOORS.map((door): [string, Asking] => [
        `history over ${door.name}`,
        byCommand(door, 'history', { patterns: PATTERNS, limit: 1_001 }),
      ]),
      ['gRPC ListSubscriptions', overGrpc(managementClient, 'ListSubscriptions', { limit: 1_001 })],
      ['gRPC ManageSubscription', overGrpc(marketClient, 'ManageSubscription', { action: 'LIST', limit: 1_001 })],
    ])('by %s', (_door, asking) => refuses(asking, 'limit'));
  });

  describe('a number that is not written in decimal digits', () => {
    const asked = ['AAPL/history', 'events', 'topics', 'subscriptions', 'stats/topics', 'stats/api', 'audit'];
    it.each(asked.flatMap((path) => ['0x10', '1e2', '%205', ''].map((limit) => `${path}?limit=${limit}`)))(
      'by GET %s',
      (path) => refuses(overRest(path), 'limit'),
    );

    it.each(streamQueries('max_rate=0x10&credit=&min_volume=1e2'))('in the query of a stream, by %s', (_door, asking) =>
      refuses(asking, 'max_rate', 'credit', 'min_volume'),
    );
  });

  it.each(streamQueries('symbol=AAPL&symbols=AAPL'))(
    'a query parameter that there is not, in the query of a stream, by %s',
    (_door, asking) => refuses(asking, 'symbol'),
  );

  describe('a price that is no number', () => {
    it.each(publishing(aTrade('AAPL', { price: 'NaN' })))('in an event, by %s', (_door, asking) =>
      refuses(asking, 'events[0].data.price'),
    );

    it.each(selecting({ min_price: 'NaN' }, 'min_price=NaN'))('as a bound, by %s', (_door, asking) =>
      refuses(asking, 'min_price'),
    );

    it.each<[string, Asking]>([
      ['gRPC StreamMarketData, as a double', overStream(typedDoor, { min_price: Number.NaN })],
      ['gRPC StreamHistoricalData', overHistorical({ filters: { min_price: Number.NaN } })],
    ])('as a bound, by %s', (_door, asking) => refuses(asking, 'min_price'));
  });

  describe('a volume below zero', () => {
    it.each(publishing(aTrade('AAPL', { volume: -1 })))('in an event, by %s', (_door, asking) =>
      refuses(asking, 'events[0].data.volume'),
    );

    // A message of protobuf has no place for it: there it is another number.
    const protobuf = [
      'gRPC Exchange',
      'gRPC StreamMarketData',
      'history over gRPC Exchange',
      'gRPC CreateSubscription',
    ];
    it.each(not(selecting({ min_volume: -1 }, 'min_volume=-1'), ...protobuf))('as a bound, by %s', (_door, asking) =>
      refuses(asking, 'min_volume'),
    );
  });

  describe('bytes that are no UTF-8', () => {
    const bytesOf = (fields: object) =>
      Buffer.from(JSON.stringify(aTrade('AAPL', fields)).replace('€', '\u00ff'), 'latin1');
    // A field that is read without parsing, and one that nobody knows.
    const events = [{ trade_id: '€' }, { note: '€' }].map(bytesOf);

    it.each(events.flatMap((bytes) => ['application/json', 'application/x-ndjson'].map((type) => ({ type, bytes }))))(
      'in a body of $type',
      async ({ type, bytes }) => {
        const { body } = await app.postBytes(`${API}/events`, bytes, type);
        expect(body).toMatchObject({ code: 'request.invalid', errors: [{ path: '', rule: 'must be UTF-8' }] });
      },
    );

    it.each(events)('in an event over gRPC', (bytes) =>
      refuses(overGrpc(marketClient, 'Publish', { events: [Buffer.from('{}'), bytes] }), 'events[1]'),
    );
  });

  describe('more nesting than an event may have', () => {
    const note: unknown = JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`);
    it.each(publishing(aTrade('AAPL', { note })))('in an event, by %s', (_door, asking) =>
      refuses(asking, 'events[0].data.note'),
    );
  });

  describe('an interval that is none', () => {
    it.each(publishing(bar('7m')))('in an event, by %s', (_door, asking) => refuses(asking, 'events[0].data.interval'));

    it('by GET history', () => refuses(overRest('AAPL/history?interval=7m'), 'interval'));
  });

  describe('several of them at once', () => {
    it.each(publishing(aTrade('A B', { price: -1, volume: -1 })))('in an event, by %s', (_door, asking) =>
      refuses(asking, 'events[0].data.symbol', 'events[0].data.volume', 'events[0].data.price'),
    );

    it('by GET history', () =>
      refuses(
        overRest(`A%20B/history?start_time=${START}&end_time=${BEFORE}&limit=5001&interval=7m`),
        'symbol',
        'interval',
        'limit',
        'end_time',
      ));

    it('by gRPC StreamHistoricalData', () =>
      refuses(
        overHistorical({ symbols: ['A B'], end_time: BEFORE, speed: -1, filters: { min_price_text: 'NaN' } }),
        'speed',
        'symbols[0]',
        'min_price',
        'end_time',
      ));
  });
});
