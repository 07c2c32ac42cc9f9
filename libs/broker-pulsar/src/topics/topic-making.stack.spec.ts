import type { LogTopic } from '@distributary/distribution-core';
import { anEvent } from '@distributary/distribution-core/testing';
import { startPulsar } from '../../../../tools/stack/src/index.js';
import { retentionText, TOPIC_PROPERTY } from './pulsar-topic.js';
import { aPulsarOfItsOwn } from '../testing/pulsar-suite.js';

const RETENTION = { ms: 3_600_000, bytes: 0 };
const PARTITIONS = 4;

const suite = aPulsarOfItsOwn(startPulsar, { timeoutMs: 20_000 });

/** What one process made, each of its lanes in one piece: written to once, it has one event. */
async function expectWhole(topic: LogTopic): Promise<void> {
  const { log } = suite.harness;
  const lanes = topic.lanes.map(({ partition }) => ({
    topic: topic.name,
    partition,
    records: [anEvent({ eventId: `${topic.name}-${partition}` })],
  }));
  await log.append(lanes);
  const ends = await log.ends(topic.name);
  expect(ends.map(({ events, lane: { epoch } }) => ({ events, epoch }))).toEqual(
    topic.lanes.map(({ epoch }) => ({ events: 1, epoch })),
  );
}

describe('a topic that several processes make', () => {
  it('is one topic, whoever is faster: none undoes what another has begun', async () => {
    const makers = [suite.harness.log, await suite.harness.another(), await suite.harness.another()];
    for (let round = 0; round < 5; round++) {
      const name = `raced-${round}`;
      const settled = await Promise.allSettled(makers.map((log) => log.createTopic(name, PARTITIONS, RETENTION)));
      const made = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as { code: string }] : []));
      expect(made.length).toBeGreaterThan(0);
      expect(refused.map(({ code }) => code)).toEqual(refused.map(() => 'topic.exists'));
      for (const other of made) expect(other).toEqual(made[0]);
      await expectWhole(made[0]);
    }
  }, 120_000);

  it('is finished by the next one, if the first one died over it', async () => {
    const begun = { [TOPIC_PROPERTY.epoch]: 'dead', [TOPIC_PROPERTY.retention]: retentionText(RETENTION) };
    await suite.outside.createTopic('orphan', PARTITIONS, begun);
    const topic = await suite.harness.log.createTopic('orphan', PARTITIONS, RETENTION);
    expect(topic.lanes.map(({ epoch }) => epoch)).toEqual(Array(PARTITIONS).fill('dead'));
    await expectWhole(topic);
  }, 60_000);

  it('is made anew, if what the first one began is not what is wanted', async () => {
    const begun = { [TOPIC_PROPERTY.epoch]: 'other', [TOPIC_PROPERTY.retention]: retentionText(RETENTION) };
    await suite.outside.createTopic('reshaped', 2, begun);
    const topic = await suite.harness.log.createTopic('reshaped', PARTITIONS, RETENTION);
    expect(topic.lanes.map(({ epoch }) => epoch)).not.toContain('other');
    await expectWhole(topic);
  }, 60_000);
});
