import type { CompetingMembership, CompetingOptions, LanePosition } from '@distributary/distribution-core';
import { anEvent, until } from '@distributary/distribution-core/testing';
import { type RunningServer, startPulsar, TestRelay } from '../../../../tools/stack/src/index.js';
import { aPulsarLog, type PulsarHarness } from '../testing/pulsar-harness.js';

let pulsar: RunningServer;
let harness: PulsarHarness;
const memberships: CompetingMembership[] = [];

beforeAll(async () => {
  pulsar = await startPulsar();
  harness = await aPulsarLog(pulsar.url);
}, 180_000);
afterAll(async () => {
  await Promise.all(memberships.map((membership) => membership.leave()));
  await harness?.dispose();
  await pulsar?.stop('SIGKILL');
}, 60_000);

describe('a subscription of Pulsar', () => {
  const join = async (topic: string, more: Partial<CompetingOptions> = {}, log = harness.log) => {
    const came: string[] = [];
    const positions: LanePosition[] = [];
    let isGone = false;
    const membership = await log.subscriptions.join(
      'readers',
      { topics: [topic], type: 'shared', start: 'earliest', maxUnacked: 10, ...more },
      {
        onBatch: (batch) => {
          for (let index = 0; index < batch.count; index++) {
            came.push(batch.eventIdAt(index));
            positions.push({ ...batch.lane, position: batch.positions.at(index) });
          }
        },
        onLost: () => undefined,
        onGone: () => (isGone = true),
      },
    );
    memberships.push(membership);
    return { membership, came, positions, isGone: () => isGone };
  };
  const aTopicOf = async (name: string, ...eventIds: string[]) => {
    await harness.log.createTopic(name, 1, { ms: 0, bytes: 0 });
    await publish(name, ...eventIds);
  };
  const publish = (topic: string, ...eventIds: string[]) =>
    harness.log.append([{ topic, partition: 0, records: eventIds.map((eventId) => anEvent({ eventId })) }]);

  it('begins behind a position, or with the first event if that is of another life of the lane', async () => {
    await aTopicOf('placed', 'a', 'b', 'c');
    const { membership, came, positions } = await join('placed');
    await until('all', () => came.length === 3);
    await membership.leave();
    await harness.log.subscriptions.forget('readers', ['placed']);
    const second = await join('placed', { start: 'latest', from: [positions[0]] });
    await until('what comes after it', () => second.came.length === 2);
    await second.membership.leave();
    await harness.log.subscriptions.forget('readers', ['placed']);
    const third = await join('placed', { start: 'latest', from: [{ ...positions[0], epoch: 'another' }] });
    await until('all of it again', () => third.came.length === 3);
    expect([second.came, third.came]).toEqual([
      ['b', 'c'],
      ['a', 'b', 'c'],
    ]);
    await third.membership.leave();
  }, 60_000);

  it('begins behind the last event with the next one that comes', async () => {
    await aTopicOf('at-the-end', 'a', 'b');
    const [{ lane, last }] = await harness.log.ends('at-the-end');
    const { came } = await join('at-the-end', { from: [{ ...lane, position: last }] });
    await publish('at-the-end', 'c');
    await until('the next', () => came.length > 0);
    expect(came).toEqual(['c']);
  }, 60_000);

  it('tells up to where everything is acknowledged', async () => {
    await aTopicOf('told', 'a', 'b', 'c');
    const { membership, came, positions } = await join('told');
    await until('all', () => came.length === 3);
    await membership.ack(positions[0], [positions[0].position, positions[2].position]);
    const lowWater = async () => (await membership.positions())[0].position;
    await until('the first', async () => (await lowWater()) === positions[0].position);
    await membership.ack(positions[1], [positions[1].position]);
    await until('the last', async () => (await lowWater()) === positions[2].position);
  }, 60_000);

  it('is not forgotten while somebody receives it; when it is deleted, the next one begins where it wants to', async () => {
    await aTopicOf('deleted', 'a');
    const { membership, came, positions } = await join('deleted');
    await until('the event', () => came.length === 1);
    await membership.ack(positions[0], [positions[0].position]);
    const { subscriptions } = harness.log;
    await expect(subscriptions.forget('readers', ['deleted'])).rejects.toMatchObject({ code: 'subscription.taken' });
    await membership.leave();
    await subscriptions.delete('readers');
    const next = await join('deleted');
    await until('the event again', () => next.came.length === 1);
  }, 60_000);

  it('that is gone is not made anew by whoever comes back to it, and is told of', async () => {
    await aTopicOf('gone', 'a');
    const relay = await TestRelay.open(pulsar.url);
    const far = await harness.another({ url: relay.url });
    const { came, isGone } = await join('gone', {}, far);
    await until('the event', () => came.length === 1);
    relay.shut();
    await harness.log.subscriptions.delete('readers');
    relay.letIn();
    await until('to be told', isGone, 20_000);
    await relay.close();
  }, 60_000);
});
