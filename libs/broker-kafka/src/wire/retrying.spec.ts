import { noMetrics, pauseMs } from '@distributary/distribution-core';
import { connectionLost, KAFKA, kafkaError } from '../kafka.errors.js';
import { KafkaMetrics } from '../kafka-metrics.js';
import { ids, systemClock } from '../testing/kafka-harness.js';
import { Retrying } from './retrying.js';

const closing = () => {
  const closed = new AbortController();
  return { closed, retrying: new Retrying(systemClock, ids, new KafkaMetrics(noMetrics), closed.signal) };
};

describe('requests that fail', () => {
  it('pause longer and longer, up to a second, and never at the same moment', () => {
    expect([0, 1, 2, 10, 100].map((tries) => pauseMs(tries, 1))).toEqual([5, 10, 20, 1_000, 1_000]);
    expect(pauseMs(100, 0)).toBe(500);
  });

  it('are sent again while it may help', async () => {
    const attempts: number[] = [];
    const answer = closing().retrying.within(1_000, (tries) => {
      attempts.push(tries);
      if (tries < 3) throw kafkaError(KAFKA.notLeader, 'read');
      return Promise.resolve('answer');
    });
    await expect(answer).resolves.toBe('answer');
    expect(attempts).toEqual([0, 1, 2, 3]);
  });

  it('fail at once when it cannot help, and at their deadline', async () => {
    const { retrying } = closing();
    const refuse = (code: number) => () => Promise.reject(kafkaError(code, 'append'));
    await expect(retrying.within(1_000, refuse(KAFKA.messageTooLarge))).rejects.toMatchObject({
      code: 'payload.too_large',
    });
    await expect(retrying.within(30, refuse(KAFKA.notLeader))).rejects.toMatchObject({ code: 'broker.unavailable' });
  });

  it('begin no attempt after their deadline', async () => {
    const { retrying } = closing();
    const deadlineMs = systemClock.monotonicMs() + 30;
    let attempts = 0;
    const attempt = async () => {
      attempts++;
      await retrying.wait(40);
      throw kafkaError(KAFKA.notLeader, 'append');
    };
    await expect(retrying.before(deadlineMs, attempt)).rejects.toMatchObject({ code: 'broker.unavailable' });
    await expect(retrying.before(deadlineMs, attempt)).rejects.toMatchObject({ code: 'broker.unavailable' });
    expect(attempts).toBe(1);
  });

  it('end when the log closes', async () => {
    const { closed, retrying } = closing();
    const trying = retrying.within(60_000, () => Promise.reject(connectionLost('read', new Error('down'))));
    closed.abort();
    await expect(trying).rejects.toThrow('the Kafka log is closed');
  });
});
