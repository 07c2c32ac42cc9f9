import { DistributionError } from '../../errors/distribution-error.js';
import { noMetrics } from '../../ports/metrics.port.js';
import type { Appended, GroupCommit, LaneAppend } from '../../ports/log.port.js';
import type { TopicDefinition } from '../../ports/topic-catalog.port.js';
import { aRule } from '../../testing/a-rule.js';
import { anEvent, aTopic } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryCursorStore } from '../../testing/in-memory-cursor-store.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { until } from '../../testing/until.js';
import { EventRouter } from '../rules/event-router.js';
import type { RoutingRule } from '../rules/routing-rule.js';
import { RuleTable } from '../rules/rule-table.js';
import { TopicRouter } from './topic-router.js';

const topic = (name: string, origin: TopicDefinition['origin'], partitions = 1) => aTopic(name, { origin, partitions });

/** Dies, as far as its clients can tell, in the moment that it is asked to append. */
class DyingLog extends InMemoryLog {
  fate: 'lives' | 'dies before' | 'dies after' | 'busy' = 'lives';
  override async append(appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]> {
    if (this.fate === 'busy') throw new DistributionError('ingest.busy', 'full');
    if (this.fate === 'dies before') throw new DistributionError('broker.unavailable', 'gone');
    const appended = await super.append(appends, commit);
    if (this.fate === 'dies after') throw new DistributionError('broker.unavailable', 'gone');
    return appended;
  }
}

/** Takes no position with an append, as a log that has no transactions. */
class PlainLog extends DyingLog {
  override readonly transactions = false;
  override append(appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]> {
    if (commit !== undefined) return Promise.reject(new DistributionError('request.invalid', 'no transactions'));
    return super.append(appends);
  }
  override async commit(commit: GroupCommit): Promise<void> {
    await InMemoryLog.prototype.append.call(this, [], commit);
  }
}

const RULE = aRule({ name: 'r', sourcePattern: 'theirs', targetTopic: 'ours' });

async function setUp(partitions = 1, Broker = DyingLog) {
  const clock = new FakeClock();
  const log = new Broker({ clock });
  const topics = [topic('theirs', 'external', partitions), topic('ours', 'ingested')];
  for (const { name, partitions: lanes } of topics) await log.createTopic(name, lanes, { ms: 0, bytes: 0 });
  const ownership = new InMemoryCursorStore({ clock });
  const router = new EventRouter({
    topics: { find: (name) => topics.find((one) => one.name === name) },
    restate: (record) => record.value,
    metrics: noMetrics,
  });
  const use = (...rules: RoutingRule[]) => router.use(RuleTable.compile(rules));
  const useTable = (table: RuleTable) => router.use(table);
  use(RULE);
  const errors: unknown[] = [];
  let owners = 0;
  const aProcess = () =>
    new TopicRouter({
      log,
      topics: { list: () => topics },
      router,
      ownership,
      clock,
      ids: { uuid: () => `process-${++owners}`, random: () => 0 },
      metrics: noMetrics,
      onError: (error) => errors.push(error),
    });
  const write = (first: number, count: number, partition = 0) =>
    InMemoryLog.prototype.append.call(log, [
      {
        topic: 'theirs',
        partition,
        records: Array.from({ length: count }, (_, n) => anEvent({ eventId: `e${first + n}`, routingKey: 'k' })),
      },
    ]);
  const copies = async () =>
    (await log.read({ topic: 'ours', partition: 0, after: '' }, 1e9)).flatMap((b) => b.eventIds);
  const standing = async () => (await log.committed('router/theirs')).length;
  const pass = async (condition: () => boolean | Promise<boolean>) =>
    until('it came about', async () => {
      clock.advance(100);
      return condition();
    });
  return { clock, log, topics, ownership, use, useTable, aProcess, write, copies, standing, pass, errors };
}

const ids = (count: number, first = 0) => Array.from({ length: count }, (_, n) => `e${first + n}`);

describe('routing an external topic', () => {
  it('begins with what comes after the first rule, and goes on where it stood', async () => {
    const { aProcess, write, copies, standing, pass, clock } = await setUp();
    await write(0, 3);
    const first = aProcess();
    first.start();
    await pass(async () => (await standing()) === 1);
    await write(3, 2);
    await pass(async () => (await copies()).length === 2);
    await first.stop();
    await write(5, 2);
    const second = aProcess();
    second.start();
    await pass(async () => (await copies()).length === 4);
    expect(await copies()).toEqual(ids(4, 3));
    await second.stop();
    expect(clock.pendingAlarms).toBe(0);
  });

  it.each(['dies before', 'dies after'] as const)(
    'neither loses nor doubles a copy when it %s the append',
    async (fate) => {
      const { aProcess, write, copies, standing, pass, log, clock } = await setUp();
      const first = aProcess();
      first.start();
      await pass(async () => (await standing()) === 1);
      log.fate = fate;
      await write(0, 50);
      await pass(async () => fate === 'dies before' || (await copies()).length > 0);
      log.fate = 'lives';
      const second = aProcess();
      second.start();
      await write(50, 5);
      await pass(async () => (await copies()).length >= 55);
      clock.advance(20_000);
      await pass(async () => (await copies()).length >= 55);
      expect(await copies()).toEqual(ids(55));
      await Promise.all([first.stop(), second.stop()]);
    },
  );

  it('shares the lanes among the processes, each lane one at a time', async () => {
    const { aProcess, write, copies, standing, pass } = await setUp(3);
    const processes = [aProcess(), aProcess()];
    for (const one of processes) one.start();
    await pass(async () => (await standing()) === 3);
    for (const partition of [0, 1, 2]) await write(partition * 10, 10, partition);
    await pass(async () => (await copies()).length === 30);
    await processes[0].stop();
    for (const partition of [0, 1, 2]) await write(30 + partition * 10, 10, partition);
    await pass(async () => (await copies()).length === 60);
    expect(new Set(await copies()).size).toBe(60);
    await processes[1].stop();
  });

  it('routes over a log without transactions, too: copies first, then the position behind them', async () => {
    const { aProcess, write, copies, standing, pass, errors } = await setUp(1, PlainLog);
    const first = aProcess();
    first.start();
    await pass(async () => (await standing()) === 1);
    await write(0, 3);
    await pass(async () => (await copies()).length === 3);
    await first.stop();
    await write(3, 2);
    const second = aProcess();
    second.start();
    await pass(async () => (await copies()).length === 5);
    expect(await copies()).toEqual(ids(5));
    expect(errors).toEqual([]);
    await second.stop();
  });

  it('waits while too much is in flight', async () => {
    const { aProcess, write, copies, standing, pass, log, errors } = await setUp();
    const router = aProcess();
    router.start();
    await pass(async () => (await standing()) === 1);
    log.fate = 'busy';
    await write(0, 5);
    let rounds = 0;
    await pass(() => ++rounds > 5);
    expect(await copies()).toEqual([]);
    log.fate = 'lives';
    await pass(async () => (await copies()).length === 5);
    expect(errors).toEqual([]);
    await router.stop();
  });

  it('forgets a topic that no rule looks at any more', async () => {
    const { aProcess, write, copies, standing, pass, use } = await setUp();
    const router = aProcess();
    router.start();
    await pass(async () => (await standing()) === 1);
    use();
    await pass(async () => (await standing()) === 0);
    await write(0, 5);
    use(RULE);
    await pass(async () => (await standing()) === 1);
    await write(5, 1);
    await pass(async () => (await copies()).length > 0);
    expect(await copies()).toEqual(['e5']);
    await router.stop();
  });

  it('routes a topic that was registered anew between two looks by its new definition, and by that alone', async () => {
    const { aProcess, write, copies, standing, pass, log, topics } = await setUp();
    const router = aProcess();
    router.start();
    await pass(async () => (await standing()) === 1);
    await log.createTopic('elsewhere', 1, { ms: 0, bytes: 0 });
    topics[0] = { ...topics[0], brokerName: 'elsewhere', catalogVersion: 2 };
    await pass(async () => (await log.committed('router/elsewhere')).length === 1);
    await pass(async () => (await standing()) === 0);
    await write(0, 2);
    await log.append([{ topic: 'elsewhere', partition: 0, records: [anEvent({ eventId: 'e9', routingKey: 'k' })] }]);
    await pass(async () => (await copies()).length > 0);
    expect(await copies()).toEqual(['e9']);
    await router.stop();
  });

  it('begins a topic that was created anew with its first event', async () => {
    const { aProcess, write, copies, standing, pass, log } = await setUp();
    const router = aProcess();
    router.start();
    await pass(async () => (await standing()) === 1);
    await router.stop();
    await log.deleteTopic('theirs');
    await log.createTopic('theirs', 1, { ms: 0, bytes: 0 });
    await write(0, 2);
    const next = aProcess();
    next.start();
    await pass(async () => (await copies()).length === 2);
    await next.stop();
  });

  it('goes on with the oldest event that is kept when retention was faster', async () => {
    const { aProcess, write, copies, standing, pass, log, clock } = await setUp();
    const first = aProcess();
    first.start();
    await pass(async () => (await standing()) === 1);
    await first.stop();
    await write(0, 3);
    await log.setRetention('theirs', { ms: 1_000, bytes: 0 });
    clock.advance(10_000);
    await write(3, 2);
    const second = aProcess();
    second.start();
    await pass(async () => (await copies()).length === 2);
    expect(await copies()).toEqual(['e3', 'e4']);
    await second.stop();
  });

  it('leaves a lane that it may not keep, and takes it up again when it may', async () => {
    const { aProcess, write, copies, standing, pass, ownership, clock, errors } = await setUp();
    const router = aProcess();
    router.start();
    await pass(async () => (await standing()) === 1);
    const thief = await ownership.acquire('router:theirs#0', 'thief', 9_000, { force: true });
    // The next renewal says that the right is lost; until the thief's term ends the lane is somebody else's.
    clock.advance(3_000);
    await write(0, 2);
    let rounds = 0;
    await pass(() => ++rounds > 10);
    expect(await copies()).toEqual([]);
    if (thief !== 'taken') await ownership.release(thief);
    await pass(async () => (await copies()).length === 2);
    expect(errors).toEqual([]);
    await router.stop();
  });

  it('tries again when the log or the store fails, and says so', async () => {
    const { aProcess, write, copies, standing, pass, log, ownership, errors } = await setUp();
    const router = aProcess();
    const acquire = ownership.acquire.bind(ownership);
    ownership.acquire = () => Promise.reject(new DistributionError('store.unavailable', 'away'));
    router.start();
    await pass(() => errors.length > 0);
    ownership.acquire = acquire;
    await pass(async () => (await standing()) === 1);
    log.setOutage(true);
    const before = errors.length;
    await pass(() => errors.length > before);
    log.setOutage(false);
    await write(0, 2);
    await pass(async () => (await copies()).length === 2);
    await router.stop();
  });

  it('refuses what a rule refuses, and goes on', async () => {
    const { aProcess, write, copies, standing, pass, useTable } = await setUp();
    const router = aProcess();
    router.start();
    await pass(async () => (await standing()) === 1);
    useTable(
      RuleTable.compile([RULE], () => ({ record }) => {
        if (record.eventId === 'e1') throw new DistributionError('schema.rejected', 'no');
        return record;
      }),
    );
    await write(0, 3);
    await pass(async () => (await copies()).length === 2);
    expect(await copies()).toEqual(['e0', 'e2']);
    await router.stop();
  });
});
