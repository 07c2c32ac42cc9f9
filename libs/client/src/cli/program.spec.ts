import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { until } from '@distributary/distribution-core/testing';
import pc from 'picocolors';
import { atPosition, data, gap, subscribedTo } from '../testing/frames.js';
import { ScriptedServer } from '../testing/scripted-server.js';
import { Interruption } from './failure.js';
import { run } from './program.js';

let server: ScriptedServer;
let folder: string;

beforeEach(async () => {
  server = await ScriptedServer.start();
  folder = mkdtempSync(path.join(tmpdir(), 'distributary-cli-'));
});

afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function command(args: readonly string[], input: string | Readable = '') {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const stdin = typeof input === 'string' ? Readable.from([input]) : input;
  const written = { out: '', err: '' };
  stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()));
  stderr.on('data', (chunk: Buffer) => (written.err += chunk.toString()));
  const [stop, outputClosed] = [new AbortController(), new AbortController()];
  const exit = run(
    {
      stdin,
      stdout,
      stderr,
      colors: pc.createColors(false),
      columns: undefined,
      defaultUrl: server.url,
      defaultApi: 'monitoring',
      token: 'secret',
      stop: stop.signal,
      outputClosed: outputClosed.signal,
    },
    args,
  );
  return { written, stop, outputClosed, exit };
}

const alert = (id: string) => ({
  event_id: id,
  timestamp: '2025-06-21T10:00:00.000Z',
  data_type: 'ALERTS',
  distribution: { topic: 'monitoring/alerts', routing_key: 'desk.alert' },
  data: { service_name: 'desk', metric_name: 'p99', current_value: 5000, threshold: 1000 },
  metadata: { severity: 'CRITICAL' },
});

describe('tail', () => {
  it('shows a line per event until the limit', async () => {
    const { written, exit } = command(
      ['tail', 'monitoring/#', '--filter', 'severity == "CRITICAL"', '--data-types', 'ALERTS, METRICS'].concat([
        '--services',
        'desk',
        '--keys',
        'desk.#',
        '--from',
        'earliest',
        '--slow-policy',
        'block',
        '--limit',
        '2',
      ]),
    );
    const peer = await server.peer(0);
    const asked = await peer.next('subscribe');
    expect(asked).toMatchObject({
      patterns: ['monitoring/#'],
      filter: 'severity == "CRITICAL"',
      data_types: ['ALERTS', 'METRICS'],
      services: ['desk'],
      keys: ['desk.#'],
      start: 'earliest',
      slow_policy: 'block',
      credit: 2,
    });
    peer.send('subscribed', subscribedTo(asked.id));
    peer.send('status', { id: asked.id, state: 'slow' });
    peer.send('gap', gap(asked.id, '', '1'));
    peer.send('data', data('1', '2', [], { events: [alert('a'), alert('b'), alert('c')] }));
    expect(await exit).toBe(0);
    const line =
      '10:00:00.000 CRITICAL monitoring/alerts            desk.alert                       desk p99=5000 (threshold 1000)';
    expect(written.out).toBe(`${line}\n${line}\n`);
    expect(written.err).toBe('status: slow\ngap in monitoring/alerts#0: some events may be missing (slow, ..1)\n');
    expect(peer.payloads('hello')).toEqual([{ token: 'secret', client: 'distributary tail' }]);
  });

  it('of market data selects by symbols and exchanges, and needs no pattern', async () => {
    const { written, exit } = command([
      'tail',
      '--api',
      'market-data',
      '--symbols',
      'AAPL,BRK.B',
      '--exchanges',
      'NASDAQ',
      '--limit',
      '1',
    ]);
    const peer = await server.peer(0);
    const { id, ...asked } = await peer.next('subscribe');
    expect(asked).toEqual({ symbols: ['AAPL', 'BRK.B'], exchanges: ['NASDAQ'], credit: 1 });
    peer.send('subscribed', subscribedTo(id));
    peer.send('data', data('', '1', ['a']));
    expect(await exit).toBe(0);
    expect(written.out).not.toBe('');
  });

  it('with --name is durable and acknowledges what it has shown; with --json shows the events as they are', async () => {
    const { written, exit } = command(['tail', '#', '--name', 'desk', '--json', '--limit', '1']);
    const peer = await server.peer(0);
    const { id, name } = await peer.next('subscribe');
    expect(name).toBe('desk');
    peer.send('subscribed', subscribedTo(id, { generation: 4 }));
    peer.send('data', data('', '1', ['a']));
    expect(await exit).toBe(0);
    expect(written.out).toBe('{"event_id":"a"}\n');
    expect(await peer.next('ack')).toEqual({ id, generation: 4, positions: atPosition('1') });
  });

  // It used to acknowledge the whole batch, and the events beyond the limit were never seen.
  it('with --name does not acknowledge a batch of which the limit cut off the rest', async () => {
    const { exit } = command(['tail', '#', '--name', 'desk', '--limit', '2']);
    const peer = await server.peer(0);
    const { id } = await peer.next('subscribe');
    peer.send('subscribed', subscribedTo(id, { generation: 4 }));
    peer.send('data', data('', '1', ['a']));
    peer.send('data', data('1', '2', ['b', 'c']));
    expect(await exit).toBe(0);
    await peer.next('unsubscribe');
    expect(peer.payloads('ack').map(({ positions }) => positions)).toEqual([atPosition('1')]);
  });

  it('over SSE ends with Ctrl-C', async () => {
    const { written, exit, stop } = command(['tail', '#', '--sse', '--from', '2026-01-01']);
    const peer = await server.ssePeer(0);
    expect(peer.query.get('start')).toBe('2026-01-01T00:00:00.000Z');
    peer.send('subscribed', subscribedTo('query'));
    peer.send('data', data('', '1', ['a']));
    await until('the event', () => written.out !== '');
    stop.abort();
    expect(await exit).toBe(0);
    expect(written.err).toBe('');
  });

  it('over SSE shows no more than the limit of what has come', async () => {
    const { written, exit } = command(['tail', '#', '--sse', '--json', '--limit', '1']);
    const peer = await server.ssePeer(0);
    // In one piece, so that one read brings all.
    peer.response.cork();
    peer.send('subscribed', subscribedTo('query'));
    for (const [n, id] of ['a', 'b', 'c'].entries()) peer.send('data', data(n === 0 ? '' : `${n}`, `${n + 1}`, [id]));
    peer.response.uncork();
    expect(await exit).toBe(0);
    expect(written.out).toBe('{"event_id":"a"}\n');
  });

  it('says that it is connected again', async () => {
    const { written, exit, stop } = command(['tail', '#', '--from', 'v1.WzEsW11d']);
    const peer = await server.peer(0);
    const { id, start } = await peer.next('subscribe');
    expect(start).toEqual({ cursor: 'v1.WzEsW11d' });
    peer.send('error', { id: 'x', code: 'internal', message: 'oops', retryable: false });
    peer.send('subscribed', subscribedTo(id));
    peer.send('error', { id, code: 'quota.exceeded', message: 'slower', retryable: true });
    peer.send('bye', { code: 4001, reason: 'draining', reconnect_ms: 1 });
    await (await server.peer(1)).next('subscribe');
    stop.abort();
    expect(await exit).toBe(0);
    expect(written.err.split('\n')).toEqual([
      'internal: oops',
      'quota.exceeded: slower',
      'connection lost, trying again: draining (4001)',
      'connected again',
      '',
    ]);
  });

  it('fails when the service refuses', async () => {
    const { written, exit } = command(['tail', '#', '--filter', 'nonsense']);
    const peer = await server.peer(0);
    const { id } = await peer.next('subscribe');
    const errors = [
      { path: 'filter', rule: 'not a filter' },
      { path: '', rule: 'no' },
    ];
    peer.send('error', { id, code: 'request.invalid', message: 'no', retryable: false, errors });
    expect(await exit).toBe(1);
    expect(written.err).toBe('request.invalid: no\n  filter: not a filter\n  (root): no\n');
  });

  it('fails when nobody answers', async () => {
    await server.stop();
    const { written, exit } = command(['tail', '#']);
    expect(await exit).toBe(1);
    expect(written.err).toMatch(/^connection\.lost: .*ECONNREFUSED/);
    server = await ScriptedServer.start();
  });

  it.each([
    [['tail', '--api', 'weather'], '--api: one of monitoring, market-data expected'],
    [['tail', '#', '--from', 'yesterday'], '--from: latest, earliest'],
    [['tail', '#', '--limit', '0'], 'at least 1'],
    [['tail', '#', '--slow-policy', 'wait'], 'Allowed choices'],
    [['tail', '#', '--sse', '--name', 'a'], 'cannot acknowledge'],
    [['tell'], 'unknown command'],
    [['publish', 'a.json', '--topic', 't'], 'either a file'],
    [['publish', '--topic', 't'], 'at least --data-type and --data'],
    [['publish', '--data-type', 't', '--service', 's', '--data', '{'], '--data: not JSON'],
    [['publish'], 'no events'],
  ])('%j makes no sense', async (args, message) => {
    const { written, exit } = command(args);
    expect(await exit).toBe(2);
    expect(written.err).toContain(message);
  });

  it('explains itself', async () => {
    const { written, exit } = command(['--help']);
    expect(await exit).toBe(0);
    expect(written.out).toContain('tail [options] [pattern...]');
  });
});

describe('the token', () => {
  it.each([
    ['on the command line', () => ['--token', 'given'], 'given'],
    ['in a file', () => ['--token-file', fileWith('from-file\n')], 'from-file'],
    ['of the environment', () => [], 'secret'],
  ])('%s is what the service is told', async (_where, options, expected) => {
    const { exit } = command(['tail', '#', '--limit', '1', ...options()]);
    const peer = await server.peer(0);
    expect((await peer.next('hello')).token).toBe(expected);
    const { id } = await peer.next('subscribe');
    peer.send('subscribed', subscribedTo(id));
    peer.send('data', data('', '1', ['a']));
    expect(await exit).toBe(0);
  });

  it.each([
    ['both ways', () => ['--token', 'a', '--token-file', 'b'], 'either --token or --token-file'],
    ['of a file that is not there', () => ['--token-file', 'nowhere'], 'nowhere: ENOENT'],
    ['of an empty file', () => ['--token-file', fileWith('\n')], 'holds no token'],
  ])('%s makes no sense', async (_what, options, said) => {
    const { written, exit } = command(['topics', ...options()]);
    expect(await exit).toBe(2);
    expect(written.err).toContain(said);
  });

  const fileWith = (text: string) => {
    const file = path.join(folder, 'a.key');
    writeFileSync(file, text);
    return file;
  };
});

describe('publish', () => {
  const sent = () => server.requests.map(({ body }) => (body as { events: { event_id?: string }[] }).events);
  /** Without the ids that the command makes. */
  const published = () =>
    sent().map((events) =>
      events.map((event) => {
        if (typeof event !== 'object') return event;
        const { event_id, ...rest } = event;
        expect(event_id).toMatch(/^[\da-f-]{36}$/);
        return rest;
      }),
    );

  beforeEach(() => {
    server.answer = ({ body }) => ({
      status: 202,
      body: { results: (body as { events: { duplicate?: boolean }[] }).events.map(({ duplicate }) => ({ duplicate })) },
    });
  });

  it.each([
    ['an object over several lines', JSON.stringify({ a: 1 }, undefined, 2), [{ a: 1 }]],
    ['an array', '[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['an array over several lines', JSON.stringify([{ a: 1 }, { a: 2 }], undefined, 2), [{ a: 1 }, { a: 2 }]],
    ['a list in an object', '{"events":[{"a":1}]}', [{ a: 1 }]],
    ['an array behind a byte order mark', '\ufeff[{"a":1}]', [{ a: 1 }]],
    ['NDJSON behind a byte order mark', '\ufeff{"a":1}\n{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['NDJSON', '\n{"a":1}\r\n\n{"a":2}', [{ a: 1 }, { a: 2 }]],
  ])('takes %s', async (_what, input, events) => {
    const { written, exit } = command(['publish', '-'], input);
    expect(await exit).toBe(0);
    expect(published()).toEqual([events]);
    expect(written.out).toBe(`published ${events.length} event${events.length === 1 ? '' : 's'}\n`);
    expect(server.requests[0]).toMatchObject({ url: '/api/v1/monitoring/events', authorization: 'Bearer secret' });
  });

  it('takes a file, in batches, and counts copies', async () => {
    const file = path.join(folder, 'events.ndjson');
    const lines = Array.from({ length: 1_001 }, (_, n) => JSON.stringify({ n, duplicate: n === 0 }));
    writeFileSync(file, lines.join('\n'));
    const { written, exit } = command(['publish', file]);
    expect(await exit).toBe(0);
    expect(published().map(({ length }) => length)).toEqual([500, 500, 1]);
    expect(written.out).toBe('published 1001 events, 1 of them known already\n');
  });

  const lines = (count: number) => Array.from({ length: count }, (_, n) => `{"n":${n}}\n`).join('');

  it('stopped half-way sees the batch under way through, and says how far it came', async () => {
    const input = new PassThrough();
    input.write(lines(501));
    const { written, exit, stop } = command(['publish', '--json'], input);
    const { answer } = server;
    server.answer = (request) => {
      stop.abort(new Interruption('SIGTERM'));
      return answer(request);
    };
    expect(await exit).toBe(143);
    expect(published().map(({ length }) => length)).toEqual([500]);
    expect(written.out.match(/\n/g)).toHaveLength(500);
    expect(written.err).toBe('published 500 events before it was stopped\nstopped by SIGTERM\n');
    expect(input.destroyed).toBe(true);
  });

  it.each([
    ['input', ''],
    ['the rest of a document', '{\n'],
  ])('is stopped while it waits for %s', async (_, begun) => {
    const input = new PassThrough();
    input.write(begun);
    const { written, exit, stop } = command(['publish'], input);
    await until('it has read', () => input.readableLength === 0);
    stop.abort(new Interruption('SIGINT'));
    expect(await exit).toBe(130);
    expect(written).toEqual({ out: '', err: 'published 0 events before it was stopped\nstopped by SIGINT\n' });
    expect(server.requests).toEqual([]);
  });

  it('publishes all, also when nobody reads its output any more', async () => {
    const { exit, outputClosed } = command(['publish', '--json'], lines(1_001));
    const { answer } = server;
    server.answer = (request) => {
      outputClosed.abort();
      return answer(request);
    };
    expect(await exit).toBe(0);
    expect(published().map(({ length }) => length)).toEqual([500, 500, 1]);
  });

  it('that is refused in the middle names the event by its place in all, and says what was published', async () => {
    const { answer } = server;
    const errors = [{ path: 'events[2].data', rule: 'required' }];
    const problem = { code: 'request.invalid', detail: 'events[2].data: required', errors };
    server.answer = (request) => (server.requests.length < 3 ? answer(request) : { status: 400, body: problem });
    const { written, exit } = command(['publish'], lines(1_200));
    expect(await exit).toBe(1);
    expect(written).toEqual({
      out: '',
      err:
        'published 1000 events before that\nrequest.invalid: events[1002].data: required\n' +
        '  events[1002].data: required\n',
    });
  });

  it('sends again what the service cannot take now, with the same ids', async () => {
    const { answer } = server;
    const busy = { status: 429, body: { code: 'quota.exceeded', detail: 'slower' }, headers: { 'retry-after': '1' } };
    server.answer = (request) => (server.requests.length === 2 ? busy : answer(request));
    const { written, exit } = command(['publish'], `${lines(500)}{"n":1,"event_id":"own"}\n{"n":2}`);
    expect(await exit).toBe(0);
    expect(written).toEqual({ out: 'published 502 events\n', err: 'quota.exceeded: slower; trying again\n' });
    const [, first, second] = sent();
    expect(second).toEqual(first);
    expect(first.map(({ event_id }) => event_id)).toEqual(['own', expect.stringMatching(/^[\da-f-]{36}$/)]);
  });

  it.each([
    ['would have to wait too long', '61', 1],
    ['is stopped while it waits', '30', 130],
  ])('does not go on when it %s', async (_why, seconds, code) => {
    server.answer = () => ({ status: 503, body: {}, headers: { 'retry-after': seconds } });
    const { written, exit, stop } = command(['publish'], '{}');
    if (code === 130) {
      await until('the refusal', () => written.err.includes('trying again'));
      stop.abort(new Interruption('SIGINT'));
    }
    expect(await exit).toBe(code);
    expect(server.requests).toHaveLength(1);
  });

  it('keeps requests small', async () => {
    const { exit } = command(['publish'], JSON.stringify(Array.from({ length: 3 }, () => 'x'.repeat(300_000))));
    expect(await exit).toBe(0);
    expect(published().map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  it('makes one event of its fields', async () => {
    const args = [
      'publish',
      '--topic',
      't',
      '--key',
      'k',
      '--data-type',
      'ALERTS',
      '--service',
      's',
      '--severity',
      'INFO',
    ];
    const { written, exit } = command([...args, '--data', '{"a":1}', '--json']);
    expect(await exit).toBe(0);
    expect(published()).toEqual([
      [
        {
          data_type: 'ALERTS',
          data: { a: 1 },
          routing: { topic: 't', routing_key: 'k' },
          metadata: { source_service: 's', severity: 'INFO' },
        },
      ],
    ]);
    expect(written.out).toBe('{}\n');
  });

  it('names the line that is not JSON', async () => {
    const { written, exit } = command(['publish'], '{"a":1}\n{"a":');
    expect(await exit).toBe(2);
    expect(written.err).toBe('error: stdin:2: not JSON\n');
  });

  it('fails with the reason when the file is none, when it is not there, and when it is refused', async () => {
    const broken = command(['publish'], '{\n"a"');
    expect(await broken.exit).toBe(2);
    const missing = command(['publish', path.join(folder, 'missing.json')]);
    expect(await missing.exit).toBe(1);
    expect(missing.written.err).toContain('ENOENT');
    server.answer = () => ({ status: 400, body: { code: 'request.invalid', title: 'Bad', errors: [] } });
    const refused = command(['publish'], '{}');
    expect(await refused.exit).toBe(1);
    expect(refused.written.err).toBe('request.invalid: Bad\n');
  });
});

describe('lists', () => {
  it('show all pages in columns', async () => {
    server.answer = ({ url }) => ({
      status: 200,
      body: url.includes('cursor=a')
        ? { items: [{ name: 'b', partitions: 12, enabled: true, other: 1 }], has_more: false }
        : {
            items: [{ name: 'alerts', data_type: 'ALERTS', partitions: 3, enabled: null }],
            has_more: true,
            cursor: 'a',
          },
    });
    const { written, exit } = command(['topics']);
    expect(await exit).toBe(0);
    expect(written.out).toBe(
      [
        'name    data_type  partitions  enabled',
        'alerts  ALERTS     3           -',
        'b       -          12          true',
        '',
      ].join('\n'),
    );
  });

  it('show whole items as JSON, and lists within them in columns', async () => {
    const item = { subscription_id: 's', patterns: ['a', 'b'], status: { is: 'active' } };
    server.answer = () => ({ status: 200, body: { items: [item], has_more: true } });
    const json = command(['subscriptions', '--json']);
    expect(await json.exit).toBe(0);
    expect(json.written.out).toBe(`${JSON.stringify(item)}\n`);
    const columns = command(['subscriptions']);
    await columns.exit;
    expect(columns.written.out).toContain('s                a,b       {"is":"active"}');
  });

  it('are not whole when they are stopped, and are done when nobody reads on', async () => {
    server.answer = ({ url }) => {
      stopped.stop.abort(new Interruption('SIGINT'));
      return { status: 200, body: { items: [{ name: url }], has_more: true, cursor: 'a' } };
    };
    const stopped = command(['topics', '--json']);
    expect(await stopped.exit).toBe(130);
    expect(stopped.written).toEqual({ out: '', err: 'stopped by SIGINT\n' });
    server.requests.length = 0;
    server.answer = ({ url }) => {
      unread.outputClosed.abort();
      return { status: 200, body: { items: [{ name: url }], has_more: true, cursor: 'a' } };
    };
    const unread = command(['topics', '--json']);
    expect(await unread.exit).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it('say when there is nothing, and fail when it is no list', async () => {
    server.answer = () => ({ status: 200, body: { items: [] } });
    const nothing = command(['topics']);
    await nothing.exit;
    expect(nothing.written.out).toBe('no topics\n');
    server.answer = () => ({ status: 200, body: 1 });
    const wrong = command(['topics']);
    expect(await wrong.exit).toBe(1);
    expect(wrong.written.err).toBe('protocol.violation: topics: not a list\n');
  });
});
