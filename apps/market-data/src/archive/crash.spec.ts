import { ArchiveDisk } from './archive-disk.js';
import { aBatch, aLane, ArchiveWorld, DAY, offsets } from './testing/archive-world.js';

/** Dies at one step: from there on nothing reaches the disk any more, as if the process were gone. */
class DyingDisk extends ArchiveDisk {
  private steps = 0;
  hasDied = false;

  constructor(
    root: string,
    private readonly diesAt: number,
  ) {
    super(root);
  }

  override preparePart = this.mortal((file: Parameters<ArchiveDisk['preparePart']>[0]) => super.preparePart(file));
  override remove = this.mortal((file: Parameters<ArchiveDisk['remove']>[0]) => super.remove(file));
  protected override syncPart = this.mortal((part: string) => super.syncPart(part));
  protected override renamePart = this.mortal((part: string, target: string) => super.renamePart(part, target));
  protected override syncFolder = this.mortal((folder: string) => super.syncFolder(folder));

  get stepsDone(): number {
    return this.steps;
  }

  private mortal<Args extends unknown[], Result>(step: (...args: Args) => Promise<Result>) {
    return async (...args: Args): Promise<Result> => {
      if (this.steps === this.diesAt) this.hasDied = true;
      if (this.hasDied) throw new Error('died');
      this.steps++;
      return step(...args);
    };
  }
}

let world: ArchiveWorld;
beforeEach(async () => {
  world = await ArchiveWorld.make();
});
afterEach(() => world.end());

const LANES = [aLane(), aLane({ partition: 1 })];
const EVENTS = 6;

/** Feeds every lane from where the archive says, as whoever reads the log does, three events to a file; then merges. */
async function feed(disk: ArchiveDisk): Promise<void> {
  const archive = await world.open({ fanIn: 2, graceMs: 0, flushAfterMs: 1e9 }, disk);
  try {
    for (const lane of LANES) {
      const at = archive.resumeFrom().find(({ partition }) => partition === lane.partition);
      const next = at === undefined ? 0 : offsets(0, EVENTS).indexOf(at.position) + 1;
      for (let from = next; from < EVENTS; from += 3) {
        const taken = archive.append(aBatch(from, Math.min(from + 3, EVENTS), { lane }));
        // A failing write is tried again for good; what ends it here is the death of the process.
        if ((disk as DyingDisk).hasDied) return;
        await Promise.all([taken, flushedOrDead(archive, disk as DyingDisk)]);
        if ((disk as DyingDisk).hasDied) return;
      }
    }
    await archive.upkeep().catch(() => undefined);
    await archive.upkeep().catch(() => undefined);
  } finally {
    await archive.close().catch(() => undefined);
  }
}

async function flushedOrDead(archive: { flush(): Promise<void> }, disk: DyingDisk): Promise<void> {
  const flushed = archive.flush().then(
    () => true,
    () => true,
  );
  while (!disk.hasDied) {
    const isDone = await Promise.race([flushed, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
    if (isDone) return;
  }
}

/** Of writing four files, merging them into two and removing the four. */
const STEPS = 28;
const ALIVE = Number.POSITIVE_INFINITY;

describe('a writer that dies', () => {
  it.each(Array.from({ length: STEPS }, (_, step) => step))(
    'before step %i of writing, merging and removing leaves every event there once',
    async (step) => {
      await feed(new DyingDisk(world.root, step));
      // Before a successor cleans up a reader sees the beginning of each lane, and nothing twice.
      for (const { partition } of LANES) {
        const seen = await world.archived(partition);
        expect(seen).toEqual(offsets(0, seen.length));
      }
      world.clock.advance(1);
      await feed(new DyingDisk(world.root, ALIVE));
      expect(await world.archived()).toEqual([...offsets(0, EVENTS), ...offsets(0, EVENTS)]);
    },
  );

  it('has no more steps than these to die at', async () => {
    const disk = new DyingDisk(world.root, ALIVE);
    await feed(disk);
    expect(disk.stepsDone).toBe(STEPS);
  });

  it('has merged in the end, with nothing left beside it', async () => {
    await feed(new DyingDisk(world.root, ALIVE));
    world.clock.advance(DAY / 1000);
    const archive = await world.open({ graceMs: 0 });
    await archive.upkeep();
    await archive.upkeep();
    expect((await world.disk.list()).map(({ rows }) => rows)).toEqual([EVENTS, EVENTS]);
    expect(await world.archived()).toEqual([...offsets(0, EVENTS), ...offsets(0, EVENTS)]);
  });
});
