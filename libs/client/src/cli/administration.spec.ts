import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import pc from 'picocolors';
import { ScriptedServer } from '../testing/scripted-server.js';
import { run } from './program.js';

let server: ScriptedServer;

beforeEach(async () => {
  server = await ScriptedServer.start();
  server.answer = ({ method }) => ({ status: 200, body: method === 'DELETE' ? '' : { name: 'a', list: [], at: null } });
});
afterEach(() => server.stop());

async function cli(...args: string[]) {
  return cliAt(server.url, ...args);
}

async function cliAt(defaultUrl: string | undefined, ...args: string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const written = { out: '', err: '' };
  stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()));
  stderr.on('data', (chunk: Buffer) => (written.err += chunk.toString()));
  stdin.end();
  const code = await run(
    {
      stdin,
      stdout,
      stderr,
      colors: pc.createColors(false),
      columns: undefined,
      defaultUrl,
      defaultApi: 'monitoring',
      token: 'secret',
      stop: new AbortController().signal,
      outputClosed: new AbortController().signal,
    },
    args,
  );
  return { ...written, code, request: server.requests[0] };
}

const BASE = '/api/v1/monitoring';
const TOPIC = `${BASE}/topics/monitoring%2Fteams%2Fa`;

describe('the command line manages', () => {
  it.each<[string[], string, string, unknown]>([
    [
      ['topics', 'create', 'monitoring/teams/a', '--data-type', 'ALERTS', '--partitions', '2', '--retention', '1d'],
      'POST',
      `${BASE}/topics`,
      { name: 'monitoring/teams/a', data_type: 'ALERTS', partitions: 2, retention_policy: '1d' },
    ],
    [
      ['topics', 'change', 'monitoring/teams/a', '--priority', '1', '--conflate', 'metric,data_type', '--disable'],
      'PATCH',
      TOPIC,
      { priority: 1, conflation_key: { attributes: ['metric', 'data_type'] }, enabled: false },
    ],
    [
      ['topics', 'change', 'monitoring/teams/a', '--conflate', 'none', '--enable'],
      'PATCH',
      TOPIC,
      { conflation_key: 'none', enabled: true },
    ],
    [['topics', 'delete', 'monitoring/teams/a'], 'DELETE', TOPIC, undefined],
    [['topics', 'delete', 'monitoring/teams/a', '--force'], 'DELETE', `${TOPIC}?force=true`, undefined],
    [['topics', 'stats', 'monitoring/teams/a'], 'GET', `${TOPIC}/stats`, undefined],
    [
      ['subscriptions', 'create', 's', '--patterns', 'a/#,b', '--filter', 'x == 1', '--type', 'failover'].concat([
        '--from',
        'earliest',
        '--subscriber-service',
        'desk',
      ]),
      'POST',
      `${BASE}/subscriptions`,
      {
        subscription_id: 's',
        patterns: ['a/#', 'b'],
        filter: 'x == 1',
        type: 'failover',
        start: 'earliest',
        subscriber_service: 'desk',
      },
    ],
    [
      ['subscriptions', 'change', 's', '--data-types', 'ALERTS', '--services', 'x, y', '--keys', 'k.*'],
      'PATCH',
      `${BASE}/subscriptions/s`,
      { data_types: ['ALERTS'], services: ['x', 'y'], keys: ['k.*'] },
    ],
    [
      ['subscriptions', 'seek', 's', '--to', '2025-06-21T10:00:00Z'],
      'POST',
      `${BASE}/subscriptions/s/seek`,
      { start: { time: '2025-06-21T10:00:00.000Z' } },
    ],
    [['subscriptions', 'pause', 's'], 'POST', `${BASE}/subscriptions/s/pause`, {}],
    [['subscriptions', 'resume', 's'], 'POST', `${BASE}/subscriptions/s/resume`, {}],
    [['subscriptions', 'delete', 's'], 'DELETE', `${BASE}/subscriptions/s`, undefined],
    [['subscriptions', 'health', 's'], 'GET', `${BASE}/subscriptions/s/health`, undefined],
    [['subscriptions', 'stats', 's'], 'GET', `${BASE}/subscriptions/s/stats`, undefined],
  ])('%j', async (args, method, url, body) => {
    const { code, request, out } = await cli(...args);
    expect(request).toEqual({ method, url, body, authorization: 'Bearer secret' });
    expect(code).toBe(0);
    expect(out).toBe(method === 'DELETE' ? 'done\n' : 'name  a\nlist  -\nat    -\n');
  });

  it.each([
    ['before the name of the command', ['topics', 'URL', 'TOKEN', 'API', 'JSON', 'delete', 'a']],
    ['behind it', ['topics', 'delete', 'URL', 'TOKEN', 'API', 'JSON', 'a']],
    [
      'in both places, of which the second one counts',
      ['topics', '--url=http://127.0.0.1:1', '--token=other', '--api=monitoring'].concat([
        'delete',
        'a',
        'URL',
        'TOKEN',
        'API',
        'JSON',
      ]),
    ],
  ])('what the options %s say', async (_where, args) => {
    const options: Record<string, string> = {
      URL: `--url=${server.url}`,
      TOKEN: '--token=given',
      API: '--api=market-data',
      JSON: '--json',
    };
    const { code, out, err, request } = await cliAt(undefined, ...args.map((arg) => options[arg] ?? arg));
    expect([code, err, out]).toEqual([0, '', 'null\n']);
    expect(request).toEqual({
      method: 'DELETE',
      url: '/api/v1/market-data/topics/a',
      body: undefined,
      authorization: 'Bearer given',
    });
  });

  it('with the token of a file that is named before the command, and refuses two tokens', async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'distributary-cli-')), 'a.key');
    writeFileSync(file, 'from-file');
    expect(await cli('topics', '--token-file', file, 'delete', 'a')).toMatchObject({
      code: 0,
      request: { authorization: 'Bearer from-file' },
    });
    expect(await cli('topics', '--token-file', file, 'delete', 'a', '--token', 'b')).toMatchObject({ code: 2 });
    rmSync(path.dirname(file), { recursive: true });
  });

  it('and shows lists of objects line by line, or everything as JSON', async () => {
    const body = {
      name: 'a',
      lanes: [
        { partition: 0, ok: true },
        { partition: 1, keys: ['x', 'y'] },
      ],
    };
    server.answer = () => ({ status: 200, body });
    expect((await cli('topics', 'stats', 'a')).out).toBe(
      'name   a\nlanes  partition=0 ok=true\n       partition=1 keys=x,y\n',
    );
    expect((await cli('topics', 'stats', 'a', '--json')).out).toBe(`${JSON.stringify(body)}\n`);
    expect((await cli('topics', 'delete', 'a', '--json')).out).toBe(`${JSON.stringify(body)}\n`);
  });

  it('and says what is refused, and what makes no sense', async () => {
    server.answer = () => ({ status: 409, body: { code: 'topic.in_use', detail: 'somebody needs it', errors: [] } });
    expect(await cli('topics', 'delete', 'a')).toMatchObject({ code: 1, err: 'topic.in_use: somebody needs it\n' });
    expect(await cli('topics', 'change', 'a', '--enable', '--disable')).toMatchObject({ code: 2 });
    expect(await cli('topics', 'create', 'a')).toMatchObject({ code: 2 });
    for (const options of [
      ['--partitions', 'x'],
      ['--priority', ''],
      ['--priority', '1.5'],
    ]) {
      const { code, err } = await cli('topics', 'create', 'a', '--data-type', 'ALERTS', ...options);
      expect([code, err]).toEqual([2, expect.stringContaining('a number of at least 1 expected')]);
    }
    expect(await cli('subscriptions', 'seek', 'a', '--to', 'somewhere')).toMatchObject({ code: 2 });
    expect(await cli('subscriptions', 'create', 'a', '--type', 'mine')).toMatchObject({ code: 2 });
  });
});
