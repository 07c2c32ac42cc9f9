import { anEvent, events, memoryInUse } from '@distributary/distribution-core/testing';
import type { LaneRequest } from './append-request.js';
import { SendingQueue } from './sending.js';

const aRequest = (prefix: string, count: number): LaneRequest => ({
  lane: { topic: 'orders', partition: 0, epoch: 'e1' },
  records: events(count, prefix),
  bytes: 0,
  startedMs: 0,
  deadlineMs: 0,
  resolve: () => undefined,
  reject: () => undefined,
});

const sendAll = (queue: SendingQueue) => {
  const sent: [string, number][] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    sent.push([next.sending.record.eventId, next.number]);
  }
  return sent;
};

describe('what a lane has to send', () => {
  it('bears the same numbers when it is sent again', () => {
    const queue = new SendingQueue();
    queue.push(aRequest('a', 3));
    expect(sendAll(queue)).toEqual([
      ['a-1', 1],
      ['a-2', 2],
      ['a-3', 3],
    ]);
    queue.shift();
    queue.unsend();
    expect(queue.numberBefore).toBe(1);
    expect(sendAll(queue)).toEqual([
      ['a-2', 2],
      ['a-3', 3],
    ]);
  });

  it('is found by its number, until it has left', () => {
    const queue = new SendingQueue();
    queue.push(aRequest('a', 2));
    expect(queue.numbered(1)).toBeUndefined();
    queue.next();
    expect(queue.numbered(1)?.record.eventId).toBe('a-1');
    queue.shift();
    expect(queue.numbered(1)).toBeUndefined();
  });

  it('keeps no memory of what has left', () => {
    const queue = new SendingQueue();
    const before = memoryInUse();
    for (let index = 0; index < 100; index++) {
      queue.push({ ...aRequest('a', 0), records: [anEvent({ value: { text: 'x'.repeat(256 * 1024) } })] });
    }
    // The process has other things, too, that come and go meanwhile.
    expect(memoryInUse() - before).toBeGreaterThan(75 * 256 * 1024);
    while (queue.shift() !== undefined);
    expect(memoryInUse() - before).toBeLessThan(10 * 256 * 1024);
    expect(queue.length).toBe(0);
  });

  it('keeps the numbers of what is under way when an append is refused', () => {
    const queue = new SendingQueue();
    const refused = aRequest('b', 3);
    queue.push(aRequest('a', 1));
    queue.push(refused);
    queue.push(aRequest('c', 1));
    queue.next();
    queue.next();
    queue.refuse(refused);
    expect([...queue.underWay()].map(({ isRefused }) => isRefused)).toEqual([false, true]);
    expect(sendAll(queue)).toEqual([['c-1', 3]]);
  });

  it('loses what was refused, when it begins to count anew', () => {
    const queue = new SendingQueue();
    const refused = aRequest('b', 3);
    queue.push(aRequest('a', 1));
    queue.push(refused);
    queue.push(aRequest('c', 1));
    sendAll(queue);
    queue.refuse(refused);
    queue.dropRefused();
    queue.unsend();
    queue.renumber();
    expect(sendAll(queue)).toEqual([
      ['a-1', 1],
      ['c-1', 2],
    ]);
  });

  it('does not count what leaves before it was sent', () => {
    const queue = new SendingQueue();
    queue.push(aRequest('a', 3));
    queue.next();
    for (let left = 2; left > 0; left--) queue.shift();
    expect(queue.numberBefore).toBe(1);
    expect(sendAll(queue)).toEqual([['a-3', 2]]);
  });

  it('forgets what has left, however much goes through it', () => {
    const queue = new SendingQueue();
    for (let round = 0; round < 100; round++) {
      queue.push(aRequest(`r${round}`, 50));
      sendAll(queue);
      for (let left = 50; left > 0; left--) queue.shift();
    }
    expect(queue.length).toBe(0);
    expect(queue.first).toBeUndefined();
    expect(queue.numberBefore).toBe(5_000);
  });
});
