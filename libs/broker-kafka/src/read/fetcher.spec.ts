import { Writer } from '@platformatic/kafka';
import type { RawRequest } from '../wire/broker-connection.js';
import type { Cluster } from '../wire/cluster.js';
import type { FetchedLane } from '../wire/fetch-request.js';
import { Fetcher } from './fetcher.js';
import type { ReadPlace } from './lane-place.js';

const EPOCH = 'AAECAwQFBgcICQoLDA0ODw';
const place = (partition: number): ReadPlace => ({
  lane: { topic: 'orders', partition, epoch: EPOCH },
  leader: 1,
  leaderEpoch: 0,
  offset: 0,
});

interface Asked {
  readonly purpose: string;
  readonly lanes: number;
  answer(records: string, partitions: readonly number[]): void;
}

/** A broker that answers a request when it is told to. */
function aBroker() {
  const underWay: Asked[] = [];
  const node = (_leader: number, purpose: string) => ({
    request: (raw: RawRequest<unknown>) =>
      new Promise((resolve) => {
        const request = raw.write(Writer.create()).buffer;
        const asked: Asked = {
          purpose,
          lanes: request[LANE_COUNT_AT] - 1,
          answer: (records, partitions) => {
            underWay.splice(underWay.indexOf(asked), 1);
            resolve({ errorCode: 0, lanes: partitions.map((partition) => laneOf(partition, records)) });
          },
        };
        underWay.push(asked);
      }),
  });
  return { underWay, cluster: { node } as unknown as Cluster };
}

/** After how long and how much at most, at least, the isolation and no session. */
const LANE_COUNT_AT = 4 + 4 + 4 + 1 + 4 + 4;

const laneOf = (partition: number, records: string): FetchedLane => ({
  epoch: EPOCH,
  partition,
  errorCode: 0,
  lastStableOffset: 0,
  logStartOffset: 0,
  aborted: [],
  records: Buffer.from(records),
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the fetcher', () => {
  it('asks for all lanes that wait at one moment in one request', async () => {
    const { underWay, cluster } = aBroker();
    const fetcher = new Fetcher(cluster);
    const answers = [place(0), place(1), place(2)].map((each) => fetcher.wait(each, 100));
    await turn();
    expect(underWay.map(({ lanes }) => lanes)).toEqual([3]);
    underWay[0].answer('', [0, 1, 2]);
    expect((await Promise.all(answers)).map(({ partition }) => partition)).toEqual([0, 1, 2]);
  });

  // One that reads more slowly than the others found all requests gone with idle lanes, and waited for one to come back.
  it('asks for a lane that had something at once, however many idle ones wait', async () => {
    const { underWay, cluster } = aBroker();
    const fetcher = new Fetcher(cluster);
    const places = Array.from({ length: 100 }, (_, partition) => place(partition));
    // Each learns alone that there is nothing, and waits for more.
    for (const each of places) {
      const first = fetcher.wait(each, 100);
      await turn();
      underWay[underWay.length - 1].answer('', [each.lane.partition]);
      await first;
      void fetcher.wait(each, 100);
      await turn();
    }
    const waiting = underWay.length;
    expect(waiting).toBeLessThan(32);
    const busy = place(1_000);
    for (let round = 0; round < 3; round++) {
      const answer = fetcher.wait(busy, 100);
      await turn();
      expect(underWay.length).toBe(waiting + 1);
      underWay[waiting].answer('something', [1_000]);
      await answer;
    }
    // The idle ones that found no room go with the next request that comes back.
    underWay[0].answer('', [0]);
    await turn();
    expect(underWay[underWay.length - 1].lanes).toBeGreaterThan(50);
  });
});
