import { BEFORE_FIRST, type Lane } from '@distributary/distribution-core';
import { anEvent, InMemoryLog, until } from '@distributary/distribution-core/testing';
import { LaneFeed } from './lane-feed.js';
import { ArchiveWorld } from './testing/archive-world.js';

const TOPIC = 'market-data/normalized/equities';

describe('a lane of the log on its way into the archive', () => {
  let world: ArchiveWorld;
  let log: InMemoryLog;
  let lane: Lane;

  beforeEach(async () => {
    world = await ArchiveWorld.make();
    log = new InMemoryLog({ clock: world.clock, maxInFlightBytes: 1e6, maxRecordBytes: 1e6 });
    await log.createTopic(TOPIC, 1, { ms: 0, bytes: 0 });
    [{ lane }] = await log.ends(TOPIC);
  });
  afterEach(async () => {
    await log.close();
    await world.end();
  });

  const publish = async (...ids: readonly string[]) => {
    const records = ids.map((eventId) =>
      anEvent({ eventId, attributes: eventId === 'status' ? {} : { symbol: 'AAPL', data_type: 'TRADE' } }),
    );
    const [{ last }] = await log.append([{ topic: TOPIC, partition: 0, records }]);
    return last;
  };

  /** As a process does that has the duty until it has taken everything up to the position. */
  async function fed(upTo: string): Promise<void> {
    const archive = await world.open();
    const from = archive.resumeFrom()[0]?.position ?? BEFORE_FIRST;
    let taken = from;
    const over = new AbortController();
    const feed = new LaneFeed(lane, from, {
      log,
      clock: world.clock,
      onError: (error) => {
        throw error;
      },
      archive: {
        resumeFrom: () => archive.resumeFrom(),
        append: async (batch) => {
          await archive.append(batch);
          taken = batch.rows[batch.rows.length - 1].position;
        },
      },
    });
    const running = feed.run(over.signal);
    await until('all of it is taken', () => taken >= upTo);
    over.abort();
    await running;
    await archive.close();
  }
  const archivedIds = async () => (await world.select('event_id', 'position')).map(([id]) => id);

  it('is archived once, whoever feeds it, without copies and without events of no symbol', async () => {
    await publish('1', '2');
    await fed(await publish('status', '3'));
    await publish('3', '2');
    await fed(await publish('4', '4', '5'));
    expect(await archivedIds()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('says where the log had lost events before they were archived', async () => {
    await fed(await publish('1'));
    await publish('2');
    world.clock.advance(10_000);
    await log.setRetention(TOPIC, { ms: 5_000, bytes: 0 });
    await fed(await publish('3'));
    expect(await archivedIds()).toEqual(['1', '3']);
    expect((await world.disk.list()).map(({ followsGap }) => followsGap).sort()).toEqual([false, true]);
  });
});
