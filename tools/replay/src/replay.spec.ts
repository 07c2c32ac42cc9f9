import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { connect, type DistributaryClient } from 'distributary';
import { until } from '@distributary/distribution-core/testing';
import { MARKET_STREAM_PATH, type ServerProcess, startMarketDataService } from '@distributary/bench';

/** The built tool, as `npm run replay` runs it: the tests build first. */
const MAIN = path.resolve(import.meta.dirname, '../dist/main.js');

interface Received {
  readonly event_id: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

describe('a replay into the service', () => {
  let service: ServerProcess;
  let client: DistributaryClient;
  let folder: string;
  const received: Received[] = [];
  const running = new Set<ChildProcess>();

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-replay-'));
    service = await startMarketDataService();
    client = connect(`${service.origin}${MARKET_STREAM_PATH}`, { transport: 'sse' });
    const onEvent = (event: unknown) => void received.push(event as Received);
    const patterns = ['market-data/normalized/#', 'market-data/bars/#'];
    await new Promise<void>((resolve) => {
      client.subscribe({ patterns }, { onEvent, onSubscribed: () => resolve() });
    });
  }, 120_000);
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    client.close();
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);
  beforeEach(() => void received.splice(0));

  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [MAIN, ...args, '--url', service.origin], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
      child.once('close', (code) => {
        running.delete(child);
        resolve({ code, stdout, stderr });
      }),
    );
    return { child, ended };
  };
  const replay = (...args: string[]) => start(...args).ended;
  const csv = (name: string, ...lines: string[]) => {
    const file = path.join(folder, name);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  };

  it('brings every row of a CSV file in its order, with all its digits, and names the rows that are none', async () => {
    const file = csv(
      'tape.csv',
      'symbol,exchange,timestamp,price,volume',
      'REPLAY1,XNAS,2025-06-21 09:30:00.000001,150.1234567890123456,100',
      'REPLAY1,XNAS,2025-06-21 09:30:00.000002,n/a,100',
      'REPLAY1,XNAS,2025-06-21 09:30:00.000003,150.20,200',
      'REPLAY1,XNAS,2025-06-21 09:30:00.000004,150.30,-5',
    );
    const { code, stdout } = await replay(file, '--speed', 'max');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^4 rows in .* s: 2 published, 0 known already, 2 refused$/m);
    expect(stdout).toMatch(/^row 2: data\.price must be a number/m);
    expect(stdout).toMatch(/^row 4: data\.volume must be a whole number/m);
    await until('both rows', () => received.length === 2, 20_000);
    expect(received.map(({ data }) => [data.price, data.volume])).toEqual([
      ['150.1234567890123456', 100],
      [150.2, 200],
    ]);
    expect(received[0]).toMatchObject({
      event_id: expect.stringMatching(/^replay:[0-9a-f]{16}:1$/) as string,
      data: { timestamp: '2025-06-21T09:30:00.000001Z' },
      metadata: { source: 'tape.csv', replayed: true },
    });
  }, 120_000);

  it('is known again when it comes twice, unless it is to be new', async () => {
    const file = csv('twice.csv', 'symbol,exchange,price,volume', 'REPLAY2,XNAS,1.5,1', 'REPLAY2,XNAS,1.6,1');
    expect((await replay(file, '--speed', 'max')).stdout).toContain('2 published, 0 known already');
    expect(await replay(file, '--speed', 'max')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('0 published, 2 known already') as string,
    });
    expect((await replay(file, '--speed', 'max', '--again')).stdout).toContain('2 published, 0 known already');
    await until('two of them twice', () => received.length === 4, 20_000);
    expect(received.map(({ data }) => data.price)).toEqual([1.5, 1.6, 1.5, 1.6]);
  }, 120_000);

  it('reads Parquet with its own types, more rows than one vector, and decimals that are no doubles', async () => {
    const file = path.join(folder, 'bars.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT TIMESTAMPTZ '2025-06-21 00:00:00+00' + to_minutes(i::INTEGER) AS at,
        (i + 0.123456789012345678)::DECIMAL(38, 18) AS price, 7::BIGINT AS volume
        FROM range(2500) AS t(i)) TO '${file}' (FORMAT parquet)`,
    );
    connection.closeSync();
    instance.closeSync();
    const prices = 'timestamp=at,open=price,high=price,low=price,close=price';
    const { code, stdout } = await replay(
      ...[file, '--type', 'BAR', '--speed', 'max', '--columns', prices],
      ...['--set', 'symbol=REPLAY3,exchange=XNAS,interval=1m'],
    );
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('2,500 published') as string });
    await until('all bars', () => received.length === 2_500, 60_000);
    expect(received[2_499].data).toMatchObject({
      ...{ timestamp: '2025-06-22T17:39:00+00:00', close: '2499.123456789012345678', volume: 7 },
    });
    expect(received.map(({ event_id: id }) => Number(id.split(':')[2]))).toEqual(received.map((_, index) => index + 1));
  }, 120_000);

  it('goes at the pace of the recording, and stops cleanly when it is told to', async () => {
    const lines = ['2025-06-21T09:30:00Z', '2025-06-21T09:31:00Z', '2025-06-22T09:30:00Z'];
    const file = csv(
      'slow.csv',
      'symbol,exchange,timestamp,price,volume',
      ...lines.map((at) => `REPLAY4,XNAS,${at},1,1`),
    );
    const { child, ended } = start(file, '--speed', '120');
    await until('the first minute', () => received.length === 2, 60_000);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toMatchObject({ code: 2, stdout: expect.stringContaining('2 published') as string });
    expect(stderr).toContain('stopped\nthe same command goes on where it was with --from-row 3\n');
    const rest = await replay(file, '--speed', '120', '--from-row', '3');
    // It begins to count the time there: a day lies before that row.
    expect(rest).toMatchObject({ code: 0, stdout: expect.stringContaining('1 rows') as string });
    await until('the last row', () => received.length === 3, 60_000);
    expect(received.map(({ event_id: id }) => id.split(':')[2])).toEqual(['1', '2', '3']);
  }, 120_000);

  it.each([
    ['no file', ['nowhere.csv'], /nowhere\.csv/],
    ['another kind of file', ['notes.txt'], /must end in \.csv/],
  ])(
    'cannot go on with %s',
    async (_what, args, problem) => {
      const { code, stdout, stderr } = await replay(...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(problem);
    },
    60_000,
  );

  it('cannot go on without columns that it needs, or without a time to go by', async () => {
    const file = csv('thin.csv', 'symbol,exchange,price,volume', 'REPLAY5,XNAS,1,1');
    expect((await replay(file, '--type', 'BAR')).stderr).toContain('there is no column for interval');
    expect((await replay(file)).stderr).toContain('without a timestamp nobody knows when a row is due');
  }, 60_000);

  it('is told by the service of every row that a topic which is not there would have had', async () => {
    const file = csv('lost.csv', 'symbol,exchange,price,volume', 'REPLAY6,XNAS,1,1', 'REPLAY6,XNAS,2,1');
    const { code, stdout } = await replay(file, '--speed', 'max', '--topic', 'market-data/nowhere');
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('2 refused') as string });
    expect(stdout).toMatch(/^row 1: routing\.topic /m);
  }, 60_000);
});
