import type { IdSource, Lane, LogTopic, Retention } from '@distributary/distribution-core';
import { DistributionError, invalidRequest } from '@distributary/distribution-core';
import { topicNotFound } from './embedded.errors.js';
import { writeLaneState } from './lane-state.js';
import type { LmdbStore } from './lmdb-store.js';

/** A lane and where its records lie. */
export interface StoredLane extends Lane {
  readonly laneId: number;
  readonly retention: Retention;
}

export interface StoredTopic extends LogTopic {
  readonly lanes: readonly StoredLane[];
}

interface TopicRow {
  readonly epoch: string;
  readonly laneIds: readonly number[];
  readonly retention: Retention;
}

const MAX_NAME_BYTES = 512;
const MAX_PARTITIONS = 4096;
const EPOCH_LENGTH = 16;

/**
 * The topics of a directory, cached until a token in the store changes: any process may create and delete. The token
 * is never used twice, so that one of a failed transaction cannot meet a later one. Call it inside `read` or `write`.
 */
export class TopicTable {
  private token: unknown = null;
  private askedToken: unknown = null;
  private topics = new Map<string, StoredTopic>();

  constructor(
    private readonly store: LmdbStore,
    private readonly ids: IdSource,
  ) {}

  /** Whether any process has changed a topic since this was asked last. Has a memory of its own: the cache may know. */
  haveChanged(): boolean {
    const token = this.store.meta.get(['topics-token']);
    const haveChanged = token !== this.askedToken;
    this.askedToken = token;
    return haveChanged;
  }

  list(): readonly StoredTopic[] {
    return [...this.current().values()];
  }

  find(name: string): StoredTopic {
    const topic = this.current().get(name);
    if (topic === undefined) throw topicNotFound(name);
    return topic;
  }

  lane(name: string, partition: number): StoredLane {
    const lane = this.find(name).lanes[partition];
    if (lane === undefined) throw topicNotFound(`${name}#${partition}`);
    return lane;
  }

  create(name: string, partitions: number, retention: Retention): StoredTopic {
    checkTopic(name, partitions);
    const { meta } = this.store;
    if (meta.get(['topic', name]) !== undefined) {
      throw new DistributionError('topic.exists', `there is a topic ${name} already`);
    }
    const firstLaneId = (meta.get(['next-lane']) as number | undefined) ?? 1;
    const laneIds = Array.from({ length: partitions }, (_, partition) => firstLaneId + partition);
    meta.putSync(['next-lane'], firstLaneId + partitions);
    for (const laneId of laneIds) writeLaneState(this.store, laneId, { first: 0, next: 0, bytes: 0, lastMicros: 0 });
    const epoch = this.ids.uuid().replaceAll('-', '').slice(0, EPOCH_LENGTH);
    const row: TopicRow = { epoch, laneIds, retention };
    this.put(name, row);
    return storedTopic(name, row);
  }

  setRetention(name: string, retention: Retention): void {
    const { lanes } = this.find(name);
    this.put(name, { epoch: lanes[0].epoch, laneIds: lanes.map((lane) => lane.laneId), retention });
  }

  /** Its lanes are dead at once; the sweeper removes their records bit by bit. */
  delete(name: string): StoredTopic {
    const topic = this.find(name);
    const { meta } = this.store;
    meta.removeSync(['topic', name]);
    for (const { laneId } of topic.lanes) meta.putSync(['dead', String(laneId)], laneId);
    this.changed();
    return topic;
  }

  deadLanes(): number[] {
    return [...this.store.meta.getRange({ start: ['dead'], end: ['dead', '\uffff'] })].map(
      (row) => row.value as number,
    );
  }

  buried(laneId: number): void {
    this.store.meta.removeSync(['dead', String(laneId)]);
    this.store.lanes.removeSync(laneId);
  }

  private put(name: string, row: TopicRow): void {
    this.store.meta.putSync(['topic', name], row);
    this.changed();
  }

  private changed(): void {
    this.store.meta.putSync(['topics-token'], this.ids.uuid());
  }

  private current(): Map<string, StoredTopic> {
    const token = this.store.meta.get(['topics-token']);
    if (token !== this.token) {
      this.topics = new Map();
      for (const { key, value } of this.store.meta.getRange({ start: ['topic'], end: ['topic', '\uffff'] })) {
        this.topics.set(key[1], storedTopic(key[1], value as TopicRow));
      }
      this.token = token;
    }
    return this.topics;
  }
}

function storedTopic(name: string, { epoch, laneIds, retention }: TopicRow): StoredTopic {
  const lanes = laneIds.map((laneId, partition) => ({ topic: name, partition, epoch, laneId, retention }));
  return { name, partitions: laneIds.length, retention, lanes };
}

function checkTopic(name: string, partitions: number): void {
  const problems = [];
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > MAX_NAME_BYTES) {
    problems.push({ path: 'name', rule: `must have 1 to ${MAX_NAME_BYTES} bytes, none of them zero` });
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    problems.push({ path: 'partitions', rule: `must be an integer from 1 to ${MAX_PARTITIONS}` });
  }
  if (problems.length > 0) throw invalidRequest(problems);
}
