import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BAR_INTERVALS } from '@distributary/contracts';
import { ArchiveDisk } from '@distributary/market-data';
import { numberOf, optionsOf, UsageError } from '../command-line.js';
import { describeMachine, machineFacts } from '../machine.js';
import { spreadOf } from '../statistics.js';
import { table } from '../text-table.js';
import { type Contender, duckDb, polars } from './contenders.js';
import { noteTrades, tradesIn } from './kept-archive.js';
import { PeakMemory } from './peak-memory.js';
import { writeArchive, type WrittenArchive } from './write-archive.js';

export const CANDLES_USAGE = `npm run bench -- candles [options]

  --trades N           synthetic trades of 500 symbols (10000000, or those of the archive that is there)
  --runs N             of each query (3)
  --archive DIR        keep the archive there, and use it if it has one
  --polars DIR         folder in which nodejs-polars is installed (this one)`;

const TRADES = 10_000_000;
const DAY_MS = 86_400_000;

function writtenRows(written: WrittenArchive): readonly (readonly string[])[] {
  return [
    ['writing', ''],
    ['trades/s', Math.round(written.rowsPerSecond).toLocaleString('en')],
    ['seconds, merging', `${written.writeSeconds.toFixed(1)}, ${written.mergeSeconds.toFixed(1)}`],
    ['files, merged', `${written.files}, ${written.mergedFiles}`],
    ['MiB on disk', (written.bytes / 2 ** 20).toFixed(0)],
    ['loop p99, worst ms', `${written.loopP99Ms.toFixed(1)}, ${written.loopMaxMs.toFixed(1)}`],
    ['peak MiB', written.peakMiB.toFixed(0)],
  ];
}

async function measured(contender: Contender, files: readonly string[], runs: number) {
  const rows: string[][] = [];
  for (const symbol of ['S7', undefined]) {
    for (const interval of BAR_INTERVALS) {
      const memory = new PeakMemory();
      const times: number[] = [];
      let candles = 0;
      for (let run = 0; run < runs; run++) {
        const startMs = performance.now();
        candles = await contender.run(files, interval, symbol);
        times.push(performance.now() - startMs);
      }
      const { median, min, max } = spreadOf(times);
      const spread = `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`;
      rows.push([contender.name, symbol ?? 'all', interval, String(candles), spread, memory.stop().toFixed(0)]);
    }
  }
  return rows;
}

export async function candlesCommand(args: readonly string[]): Promise<number> {
  const values = optionsOf(args, {
    trades: { type: 'string' },
    runs: { type: 'string', default: '3' },
    archive: { type: 'string' },
    polars: { type: 'string', default: '.' },
  });
  const kept = values.archive === undefined ? undefined : tradesIn(values.archive);
  const trades = values.trades === undefined ? (kept ?? TRADES) : numberOf('trades', values.trades, { atLeast: 1 });
  if (kept !== undefined && kept !== trades) throw new UsageError(`--trades: the archive that is there has ${kept}`);
  const runs = numberOf('runs', values.runs, { atLeast: 1 });
  const root = values.archive ?? (await mkdtemp(path.join(tmpdir(), 'candles-')));
  try {
    const disk = new ArchiveDisk(root);
    console.log(`candles of ${trades} trades, ${runs} runs each\n${describeMachine(machineFacts())}\n`);
    if (kept === undefined) {
      const yesterday = (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS * 1000;
      console.log(table(writtenRows(await writeArchive(root, trades, yesterday))), '\n');
      noteTrades(root, trades);
    }
    const files = (await disk.list()).map((file) => disk.absolute(file));
    const rows = await measured(await duckDb(path.join(root, '.spill-of-reader')), files, runs);
    const other = polars(values.polars);
    if ('reason' in other) console.log(`without Polars: ${other.reason}\n`);
    else rows.push(...(await measured(other, files, runs)));
    console.log(
      table([['by', 'symbol', 'interval', 'candles', 'ms, median (least–most)', 'process, peak MiB'], ...rows]),
    );
  } finally {
    if (values.archive === undefined) await rm(root, { recursive: true, force: true });
  }
  return 0;
}
