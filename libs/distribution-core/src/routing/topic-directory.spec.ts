import { DistributionError } from '../errors/distribution-error.js';
import { type Metrics, noMetrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { anEvent, aTopic, FakeClock, InMemoryLog, InMemoryTopicCatalog, settle, until } from '../testing/index.js';
import { TopicDirectory } from './topic-directory.js';

describe('the topics of a process', () => {
  const clock = new FakeClock();
  let log: InMemoryLog;
  let catalog: InMemoryTopicCatalog;
  let directory: TopicDirectory;
  let errors: unknown[];
  let unmatched = 0;
  const metrics: Metrics = { ...noMetrics, gauge: () => ({ set: (value) => (unmatched = value) }) };

  beforeEach(async () => {
    errors = [];
    log = new InMemoryLog({ clock });
    catalog = new InMemoryTopicCatalog({ clock });
    directory = new TopicDirectory({ catalog, log, clock, metrics, onError: (error) => errors.push(error) });
    await directory.start([aTopic('a')]);
  });
  afterEach(async () => {
    directory.stop();
    await log.close();
  });

  const names = (topics: readonly TopicDefinition[]) => topics.map(({ name }) => name);

  it('go on being followed by others, and can be changed, while one who follows them fails', async () => {
    const told: string[][] = [];
    let isFailing = true;
    let tries = 0;
    directory.onChange(() => {
      tries++;
      if (isFailing) throw new Error('cannot be read');
    });
    directory.onChange((topics) => void told.push(names(topics)));
    const before = directory.version;
    await catalog.create(aTopic('of another process'));
    await directory.refresh();
    await directory.create(aTopic('b'));
    expect(told.at(-1)).toEqual(['a', 'of another process', 'b']);
    expect(directory.find('b')).toBeDefined();
    expect(errors).toHaveLength(2);
    // A cursor says up to which topics its reader was sent all.
    expect(directory.version).toBe(before);

    isFailing = false;
    clock.advance(1_000);
    await until('told again', () => tries === 3);
    await directory.refresh();
    expect(tries).toBe(3);
    expect(directory.version).toBe(await catalog.version());
    expect(errors).toHaveLength(2);
  });

  it('are not told again and again to who fails, however often callers ask for what is not there', async () => {
    let tries = 0;
    directory.onChange(() => {
      tries++;
      throw new Error('cannot be read');
    });
    await directory.refresh();
    for (let look = 0; look < 5; look++) {
      const looked = directory.lookUp('none');
      clock.advance(100);
      expect(await looked).toBeUndefined();
    }
    expect(tries).toBe(1);
  });

  describe('with another process', () => {
    let other: TopicDirectory;
    beforeEach(async () => {
      other = new TopicDirectory({ catalog, log, clock, metrics, onError: (error) => errors.push(error) });
      await other.start([]);
    });
    afterEach(() => other.stop());

    const append = (eventId: string) => log.append([{ topic: 'a', partition: 0, records: [anEvent({ eventId })] }]);
    const present = async () =>
      (await log.read({ topic: 'a', partition: 0, after: '' }, 1_000)).flatMap((b) => b.eventIds);
    /** Puts something in between when the broker is asked to delete. */
    const duringDeletion = (work: () => void) => {
      const deleteTopic = log.deleteTopic.bind(log);
      log.deleteTopic = async (name) => {
        log.deleteTopic = deleteTopic;
        work();
        await settle(clock);
        return deleteTopic(name);
      };
    };

    it('are not deleted when they were created anew meanwhile', async () => {
      await append('old');
      let created: Promise<unknown> = Promise.resolve();
      duringDeletion(() => void (created = other.create(aTopic('a')).then(() => append('new'))));
      await directory.delete('a');
      await created;
      await directory.refresh();
      expect(directory.find('a')).toEqual(other.find('a'));
      expect(await present()).toEqual(['new']);
    });

    it('keep what was published to them while a second process creates them, too', async () => {
      await directory.delete('a');
      await log.createTopic('a', 1, { ms: 0, bytes: 0 });
      await append('old');
      let theirs: Promise<unknown> = Promise.resolve();
      duringDeletion(() => void (theirs = other.create(aTopic('a')).then(() => append('theirs'))));
      await Promise.allSettled([directory.create(aTopic('a')).then(() => append('ours'))]);
      const [made] = await Promise.allSettled([theirs]);
      expect(await present()).toEqual([made.status === 'fulfilled' ? 'theirs' : 'ours']);
    });
  });

  it('keep no other from being followed when the broker cannot be given one of them', async () => {
    const told: string[][] = [];
    directory.onChange((topics) => void told.push(names(topics)));
    await catalog.create(aTopic('bad', { retentionPolicy: 'soon' }));
    const createTopic = log.createTopic.bind(log);
    log.createTopic = (name, ...more) =>
      name === 'refused'
        ? Promise.reject(new DistributionError('broker.unavailable', 'too many partitions'))
        : createTopic(name, ...more);
    await expect(directory.create(aTopic('refused'))).rejects.toMatchObject({ code: 'broker.unavailable' });
    await directory.create(aTopic('z'));
    await directory.refresh();
    expect(told.at(-1)).toEqual(['a', 'bad', 'refused', 'z']);
    expect((await log.listTopics()).map(({ name }) => name)).toEqual(['a', 'z']);
    expect(unmatched).toBe(2);
    expect(errors.map((error) => (error as Error).message)).toEqual([
      'the broker could not be given bad as the catalog has it',
      'the broker could not be given refused as the catalog has it',
    ]);

    log.createTopic = createTopic;
    clock.advance(1_000);
    await until('it is tried again', () => unmatched === 1);
    expect((await log.listTopics()).map(({ name }) => name).sort()).toEqual(['a', 'refused', 'z']);
    await directory.change('bad', { retentionPolicy: '1d' });
    expect(unmatched).toBe(0);
  });

  it('are told to who comes later, at the next refresh', async () => {
    const told: string[][] = [];
    directory.onChange((topics) => void told.push(names(topics)));
    await directory.refresh();
    await directory.refresh();
    expect(told).toEqual([['a']]);
  });

  it('that it does not know are looked up in the catalog, for all who ask together, ten times a second at most', async () => {
    let looks = 0;
    const version = catalog.version.bind(catalog);
    catalog.version = () => {
      looks++;
      return version();
    };
    await catalog.create(aTopic('b'));
    const found = await Promise.all(['a', 'b', 'none', 'none'].map((name) => directory.lookUp(name)));
    expect(found.map((topic) => topic?.name)).toEqual(['a', 'b', undefined, undefined]);
    expect(looks).toBe(1);
    const later = Promise.all(['c', 'none'].map((name) => directory.lookUp(name)));
    clock.advance(99);
    await settle(clock);
    expect(looks).toBe(1);
    await catalog.create(aTopic('c'));
    clock.advance(1);
    expect((await later).map((topic) => topic?.name)).toEqual(['c', undefined]);
    expect(looks).toBe(2);
  });
});
