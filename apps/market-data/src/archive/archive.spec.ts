import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { positionOfOffset } from '@distributary/distribution-core';
import { until } from '@distributary/distribution-core/testing';
import { ArchiveDisk } from './archive-disk.js';
import { aBatch, aLane, aRow, ArchiveWorld, DAY, MIDNIGHT, offsets, SECOND } from './testing/archive-world.js';

let world: ArchiveWorld;
beforeEach(async () => {
  world = await ArchiveWorld.make();
});
afterEach(() => world.end());

describe('the archive', () => {
  it('keeps every event once, and says where to go on', async () => {
    const archive = await world.open();
    await archive.append(aBatch(0, 3000));
    await archive.append(aBatch(3000, 5000));
    await archive.append(aBatch(0, 10, { lane: aLane({ partition: 1 }) }));
    await archive.flush();
    expect(await world.archived()).toEqual([...offsets(0, 5000), ...offsets(0, 10)]);
    expect(archive.resumeFrom()).toEqual([
      { ...aLane(), position: positionOfOffset(4999) },
      { ...aLane({ partition: 1 }), position: positionOfOffset(9) },
    ]);
  });

  it('keeps the events of topics whose names are longer than those of folders may be', async () => {
    const long = aLane({ topic: `market-data_2fnormalized_2f${'X.'.repeat(100)}` });
    const longer = aLane({ topic: `${long.topic}Y` });
    const archive = await world.open();
    await archive.append(aBatch(0, 10, { lane: long }));
    await archive.append(aBatch(0, 20, { lane: longer }));
    await archive.append(aBatch(0, 30));
    await archive.close();
    const topics = (await world.disk.list()).map(({ lane, rows }) => [lane.topic, rows]);
    expect(new Map(topics as [string, number][])).toEqual(
      new Map([
        [long.topic, 10],
        [longer.topic, 20],
        [aLane().topic, 30],
      ]),
    );
    expect(await world.disk.list([longer.topic])).toMatchObject([{ lane: longer, rows: 20 }]);
    const next = await world.open();
    expect(next.resumeFrom()).toContainEqual({ ...long, position: positionOfOffset(9) });
  });

  it('keeps figures and bytes exactly as they came', async () => {
    const archive = await world.open();
    const value = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
    await archive.append({
      lane: aLane(),
      rows: [
        aRow(0, { price: '0.1', value }),
        aRow(1, { price: '12345678901234567890.123456789012345678', volume: 9_223_372_036_854_775_807n }),
        aRow(2, { price: '1.5e-7', volume: undefined }),
        aRow(3, { price: '1e-19', volume: 2n ** 63n }),
        aRow(4, { price: undefined, symbol: 'Ä\u0000"\'; DROP TABLE staged' }),
      ],
    });
    await archive.flush();
    const rows = await world.select('price::VARCHAR, volume, value, symbol', 'position');
    expect(rows.map(([price, volume]) => [price, volume])).toEqual([
      ['0.100000000000000000', 100n],
      ['12345678901234567890.123456789012345678', 9_223_372_036_854_775_807n],
      ['0.000000150000000000', null],
      // What no column holds exactly is in the JSON alone.
      [null, null],
      [null, 100n],
    ]);
    expect(Buffer.from((rows[0][2] as { bytes: Uint8Array }).bytes)).toEqual(value);
    expect(rows[4][3]).toBe('Ä\u0000"\'; DROP TABLE staged');
  });

  it('goes on where its predecessor stopped, and removes what was half-written', async () => {
    const first = await world.open();
    await first.append(aBatch(0, 10));
    await first.close();
    const [topic] = (await readdir(world.root)).filter((name) => name.startsWith('market'));
    const [day] = await readdir(path.join(world.root, topic));
    const [name] = await readdir(path.join(world.root, topic, day));
    await writeFile(path.join(world.root, topic, day, `${name}.part`), 'half');
    const second = await world.open();
    expect(second.resumeFrom()).toEqual([{ ...aLane(), position: positionOfOffset(9) }]);
    await second.append(aBatch(10, 20));
    await second.close();
    expect(await world.archived()).toEqual(offsets(0, 20));
    expect((await readdir(path.join(world.root, topic, day))).filter((each) => each.endsWith('.part'))).toEqual([]);
  });

  it('refuses what does not follow in the order of the lane, and takes nothing of that batch', async () => {
    const archive = await world.open();
    await archive.append(aBatch(0, 5));
    const refused = { code: 'request.invalid', problems: [expect.objectContaining({ path: 'rows[0].position' })] };
    await expect(archive.append(aBatch(4, 8))).rejects.toMatchObject(refused);
    const backwards = { lane: aLane(), rows: [aRow(5), aRow(7), aRow(6)] };
    await expect(archive.append(backwards)).rejects.toMatchObject({ problems: [{ path: 'rows[2].position' }] });
    const noTime = { lane: aLane(), rows: [aRow(5, { timeMicros: 0.5, brokerMicros: 0 })] };
    await expect(archive.append(noTime)).rejects.toMatchObject({ problems: [{ path: 'rows[0].timeMicros' }] });
    await archive.append(aBatch(5, 6));
    // Another epoch begins anew.
    await archive.append(aBatch(0, 1, { lane: aLane({ epoch: 'E2' }) }));
    await archive.flush();
    expect(await world.archived()).toEqual([...offsets(0, 6), ...offsets(0, 1)]);
  });

  it('cuts files at midnight of UTC, and a lane never goes back a day', async () => {
    const archive = await world.open();
    const brokerTimes = [-1, 0, -5, 1].map((micros) => MIDNIGHT + DAY + micros);
    const rows = brokerTimes.map((brokerMicros, offset) => aRow(offset, { timeMicros: MIDNIGHT, brokerMicros }));
    await archive.append({ lane: aLane(), rows });
    await archive.flush();
    const files = await world.disk.list();
    const described = files.map(({ day, rows: count }) => [new Date(day * 86_400_000).toISOString(), count]).sort();
    expect(described).toEqual([
      ['2026-03-10T00:00:00.000Z', 1],
      ['2026-03-11T00:00:00.000Z', 3],
    ]);
  });

  it('writes by itself when rows or time are enough', async () => {
    const archive = await world.open({ flushRows: 100, flushAfterMs: 1000 });
    await archive.append(aBatch(0, 100));
    await until('a file of enough rows', async () => (await world.disk.list()).length === 1);
    await archive.append(aBatch(100, 101));
    world.clock.advance(999);
    expect(await world.disk.list()).toHaveLength(1);
    world.clock.advance(1);
    await until('a file after enough time', async () => (await world.disk.list()).length === 2);
  });

  // The alarm came while the round before it was at its last step, and was forgotten with it.
  it('writes what became old while other rows were being written', async () => {
    let release: (() => void) | undefined;
    class SlowDisk extends ArchiveDisk {
      protected override async syncFolder(folder: string): Promise<void> {
        if (release === undefined) await new Promise<void>((resolve) => (release = resolve));
        await super.syncFolder(folder);
      }
    }
    const archive = await world.open({ flushRows: 10, flushAfterMs: 1000 }, new SlowDisk(world.root));
    await archive.append(aBatch(0, 10));
    await until('the last step of the first file', () => release !== undefined);
    await archive.append(aBatch(10, 11));
    world.clock.advance(1000);
    release?.();
    await until('both files', async () => (await world.disk.list()).length === 2);
  });

  it('lets the feed wait while the disk fails, refuses one that does not wait, and loses nothing', async () => {
    class FailingDisk extends ArchiveDisk {
      isBroken = true;
      protected override syncPart(part: string): Promise<void> {
        return this.isBroken ? Promise.reject(new Error('no space left')) : super.syncPart(part);
      }
    }
    const disk = new FailingDisk(world.root);
    const archive = await world.open({ flushRows: 10, maxRows: 20 }, disk);
    await archive.append(aBatch(0, 10));
    let isThroughAt = '';
    const second = archive.append(aBatch(10, 30)).then(() => (isThroughAt = disk.isBroken ? 'broken' : 'sound'));
    const other = archive.append(aBatch(0, 10, { lane: aLane({ partition: 1 }) }));
    await expect(archive.append(aBatch(30, 31))).rejects.toMatchObject({ code: 'ingest.busy' });
    disk.isBroken = false;
    await until('everything is written', async () => {
      world.clock.advance(1000);
      return (await world.archived()).length === 40;
    });
    await Promise.all([second, other]);
    expect(isThroughAt).toBe('sound');
  }, 20_000);

  it('refuses what comes after it was closed', async () => {
    const archive = await world.open();
    await archive.close();
    await expect(archive.append(aBatch(0, 1))).rejects.toMatchObject({ code: 'draining' });
  });

  it('belongs to one process at a time, until that one dies', async () => {
    const program = `const { DuckDBInstance } = await import('@duckdb/node-api');
      await DuckDBInstance.create(process.argv[1]); console.log('open'); setInterval(() => {}, 1000);`;
    const args = ['--input-type=module', '-e', program, path.join(world.root, 'writer.duckdb')];
    const owner = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(owner.stdout, 'data');
    await expect(world.open()).rejects.toMatchObject({ code: 'store.unavailable' });
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const archive = await world.open();
    await archive.append(aBatch(0, 1));
  });

  it('removes days that are not kept any more, and does not take them in again', async () => {
    const archive = await world.open({ retentionDays: 2 });
    await archive.append(aBatch(0, 3));
    await archive.flush();
    world.clock.advance((2 * DAY) / 1000);
    await archive.append({ lane: aLane(), rows: [aRow(3, { timeMicros: MIDNIGHT + 2 * DAY + SECOND })] });
    await archive.flush();
    await archive.upkeep();
    expect(await world.archived()).toEqual(offsets(3, 4));
    const lane = aLane({ partition: 7 });
    await archive.append({ lane, rows: [aRow(0), aRow(1, { timeMicros: MIDNIGHT + 2 * DAY })] });
    await archive.flush();
    expect(await world.archived()).toEqual([positionOfOffset(3), positionOfOffset(1)]);
  });

  it('merges the files of all lanes but one of which a file cannot be read, and says so', async () => {
    const archive = await world.open({ fanIn: 2, graceMs: 0 });
    for (const from of [0, 3]) {
      for (const partition of [0, 1]) {
        const lane = aLane({ partition });
        await archive.append(aBatch(from, from + 3, { lane }));
        await archive.flush();
      }
    }
    const filesOf = async (partition: number) =>
      (await world.disk.list()).filter(({ lane }) => lane.partition === partition);
    const [damaged] = await filesOf(0);
    await writeFile(world.disk.absolute(damaged), 'no Parquet');
    await expect(archive.upkeep()).rejects.toMatchObject({ name: 'DistributionError' });
    expect([await filesOf(0), (await filesOf(1)).length]).toEqual([expect.arrayContaining([damaged]), 3]);
    // The sources of a merge go when nobody can have listed them any more.
    world.clock.advance(1);
    await expect(archive.upkeep()).rejects.toMatchObject({ name: 'DistributionError' });
    expect([(await filesOf(0)).length, (await filesOf(1)).length]).toEqual([2, 1]);
  });

  it('removes what readers left that were killed in a query, and nothing of those that run', async () => {
    const seconds = world.clock.nowMicros() / 1_000_000;
    const spilled = async (name: string, agesS: { readonly folder: number; readonly file: number }) => {
      const folder = path.join(world.root, name);
      const file = path.join(folder, 'duckdb_temp_storage.tmp');
      await mkdir(folder);
      await writeFile(file, 'rows');
      await utimes(file, seconds - agesS.file, seconds - agesS.file);
      await utimes(folder, seconds - agesS.folder, seconds - agesS.folder);
    };
    await spilled('.spill-killed', { folder: 7_200, file: 3_601 });
    await spilled('.spill-running', { folder: 7_200, file: 3_599 });
    await spilled('.spill', { folder: 7_200, file: 7_200 });
    await world.open();
    const left = (await readdir(world.root)).filter((name) => name.startsWith('.spill'));
    expect(left.sort()).toEqual(['.spill', '.spill-running']);
  });
});
