import { connectionLost, KAFKA, kafkaError } from '../kafka.errors.js';
import type { Cluster } from '../wire/cluster.js';
import { type FetchedLane, fetchRequest, type LanePlace } from '../wire/fetch-request.js';
import type { ReadPlace } from './lane-place.js';

interface Wish {
  readonly place: LanePlace;
  /** It got nothing the last time. */
  readonly isIdle: boolean;
  readonly resolve: (lane: FetchedLane) => void;
  readonly reject: (error: unknown) => void;
}

interface Node {
  wishes: Wish[];
  /** Connections on which nothing is under way. */
  readonly free: number[];
  isGathering: boolean;
}

/**
 * Requests under way to one broker, each on a connection of its own, which is opened when it is needed. A request waits
 * at the broker and cannot be called back, so a lane that comes later needs another one.
 */
const REQUESTS_PER_BROKER = 32;
/** Of these; a lane that had something must not wait until one that asks for idle lanes comes back. */
const KEPT_FOR_BUSY_LANES = 4;
/** How long a request waits at the broker; with more than thirty lanes, idle ones may be asked for so much later. */
const MAX_WAIT_MS = 200;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/**
 * Asks brokers for new events, all lanes that wait at one moment in one request, which is answered as soon as there is
 * something of any of them. The next wish of a lane goes with whatever request leaves next.
 */
export class Fetcher {
  private readonly nodes = new Map<number, Node>();
  private readonly idle = new WeakSet<ReadPlace>();

  constructor(private readonly cluster: Cluster) {}

  /** What is there from the place on, or nothing after a short wait. Error codes of the lane are part of the answer. */
  async wait(place: ReadPlace, maxBytes: number): Promise<FetchedLane> {
    let node = this.nodes.get(place.leader);
    if (node === undefined) {
      node = {
        wishes: [],
        free: Array.from({ length: REQUESTS_PER_BROKER }, (_, number) => number),
        isGathering: false,
      };
      this.nodes.set(place.leader, node);
    }
    const { wishes } = node;
    const answer = new Promise<FetchedLane>((resolve, reject) => {
      wishes.push({ place: lanePlace(place, maxBytes), isIdle: this.idle.has(place), resolve, reject });
    });
    this.gather(place.leader, node);
    const lane = await answer;
    if (lane.records.length === 0) this.idle.add(place);
    else this.idle.delete(place);
    return lane;
  }

  /** What is there now; never waits. */
  async now(place: ReadPlace, maxBytes: number): Promise<FetchedLane> {
    const broker = this.cluster.node(place.leader, 'read');
    const answer = await broker.request(fetchRequest([lanePlace(place, maxBytes)], 0, maxBytes));
    if (answer.errorCode !== KAFKA.none) throw kafkaError(answer.errorCode, 'fetch');
    return answer.lanes[0];
  }

  private gather(leader: number, node: Node): void {
    if (node.isGathering || node.wishes.length === 0 || node.free.length === 0) return;
    node.isGathering = true;
    queueMicrotask(() => {
      node.isGathering = false;
      const mayAll = node.free.length > KEPT_FOR_BUSY_LANES;
      const wishes = node.wishes.filter(({ isIdle }) => mayAll || !isIdle);
      if (wishes.length === 0) return;
      node.wishes = mayAll ? [] : node.wishes.filter(({ isIdle }) => isIdle);
      void this.fetch(leader, node, wishes, node.free.shift() as number);
    });
  }

  private async fetch(leader: number, node: Node, wishes: readonly Wish[], number: number): Promise<void> {
    try {
      const broker = this.cluster.node(leader, `fetch-${number}`);
      const request = fetchRequest(
        wishes.map((wish) => wish.place),
        MAX_WAIT_MS,
        MAX_ANSWER_BYTES,
      );
      const { errorCode, lanes } = await broker.request(request);
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, 'fetch');
      for (const { place, resolve, reject } of wishes) {
        const lane = lanes.find(({ epoch, partition }) => epoch === place.epoch && partition === place.partition);
        if (lane === undefined) reject(connectionLost('fetch', new Error('the answer leaves a lane out')));
        else resolve(owned(lane, lanes.length));
      }
    } catch (error) {
      for (const { reject } of wishes) reject(error);
    }
    node.free.unshift(number);
    this.gather(leader, node);
  }
}

/** A reader that takes its time must not keep alive what others got in the same answer. */
function owned(lane: FetchedLane, lanesOfAnswer: number): FetchedLane {
  return lanesOfAnswer === 1 || lane.records.length === 0 ? lane : { ...lane, records: Buffer.from(lane.records) };
}

const lanePlace = ({ lane, offset, leaderEpoch }: ReadPlace, maxBytes: number): LanePlace => ({
  epoch: lane.epoch,
  partition: lane.partition,
  leaderEpoch,
  offset,
  maxBytes,
});
