import type { LaneClaimant, LaneGrant, LanePlace } from '@distributary/distribution-core';

/**
 * What members and the leader of a group say to each other through the broker, in the layout of Kafka's own consumers
 * (ConsumerProtocolSubscription version 1, ConsumerProtocolAssignment version 0), so that Kafka's tools show topics,
 * members and lag. What only we need stands in the user data, as JSON with a version.
 */
export const PROTOCOL_TYPE = 'consumer';
export const PROTOCOL_NAME = 'distributary';

const SUBSCRIPTION_VERSION = 1;
const ASSIGNMENT_VERSION = 0;
const USER_DATA_VERSION = 1;

type Introduction = Omit<LaneClaimant, 'memberId'>;

export function encodeIntroduction({ topics, owned, ...rest }: Introduction): Buffer {
  const { sharing, terms, sinceMicros, generation } = rest;
  const userData = JSON.stringify({ v: USER_DATA_VERSION, sharing, terms, sinceMicros, generation });
  return Buffer.concat([
    int16(SUBSCRIPTION_VERSION),
    int32(topics.length),
    ...topics.map(text),
    bytes(Buffer.from(userData)),
    lanes(owned),
  ]);
}

/** Undefined if somebody else's consumer, or a version that this one does not know, is in the group. */
export function decodeIntroduction(memberId: string, metadata: Buffer): LaneClaimant | undefined {
  try {
    const reader = new WireReader(metadata);
    if (reader.int16() < SUBSCRIPTION_VERSION) return undefined;
    const topics = reader.list(() => reader.text());
    const userData = JSON.parse(reader.bytes().toString()) as { v?: number } & Omit<Introduction, 'topics' | 'owned'>;
    if (userData.v !== USER_DATA_VERSION) return undefined;
    const { sharing, terms, sinceMicros, generation } = userData;
    return { memberId, topics, owned: reader.lanes(), sharing, terms, sinceMicros, generation };
  } catch {
    return undefined;
  }
}

export function encodeGrant(grant: LaneGrant): Buffer {
  const isRefused = 'refused' in grant;
  const userData = JSON.stringify({
    v: USER_DATA_VERSION,
    ...(isRefused ? { refused: grant.refused } : { waits: grant.waits }),
  });
  return Buffer.concat([int16(ASSIGNMENT_VERSION), lanes(isRefused ? [] : grant.lanes), bytes(Buffer.from(userData))]);
}

/** No lanes if the leader gave none, or said nothing that can be understood. */
export function decodeGrant(assignment: Buffer): LaneGrant {
  try {
    const reader = new WireReader(assignment);
    reader.int16();
    const granted = reader.lanes();
    const userData = JSON.parse(reader.bytes().toString()) as { waits?: boolean; refused?: 'taken' | 'differs' };
    if (userData.refused !== undefined) return { refused: userData.refused };
    return { lanes: granted, waits: userData.waits === true };
  } catch {
    return { lanes: [], waits: false };
  }
}

const int16 = (value: number): Buffer => {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
};
const int32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
};
const text = (value: string): Buffer => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
const bytes = (value: Buffer): Buffer => Buffer.concat([int32(value.length), value]);

function lanes(places: readonly LanePlace[]): Buffer {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of places) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
  const topics = [...byTopic].map(([topic, partitions]) =>
    Buffer.concat([text(topic), int32(partitions.length), ...partitions.map(int32)]),
  );
  return Buffer.concat([int32(topics.length), ...topics]);
}

class WireReader {
  private at = 0;

  constructor(private readonly from: Buffer) {}

  int16(): number {
    return this.from.readInt16BE((this.at += 2) - 2);
  }

  int32(): number {
    return this.from.readInt32BE((this.at += 4) - 4);
  }

  text(): string {
    return this.take(this.int16()).toString();
  }

  bytes(): Buffer {
    return this.take(this.int32());
  }

  list<T>(read: () => T): T[] {
    const count = this.int32();
    // Each entry takes at least two bytes: a count that cannot be is no reason to reserve memory for it.
    if (count > this.from.length / 2) throw new RangeError('a list is longer than what holds it');
    return Array.from({ length: Math.max(0, count) }, read);
  }

  lanes(): LanePlace[] {
    return this.list(() => {
      const topic = this.text();
      return this.list(() => ({ topic, partition: this.int32() }));
    }).flat();
  }

  private take(length: number): Buffer {
    const end = this.at + Math.max(0, length);
    if (end > this.from.length) throw new RangeError('the text ends too early');
    const taken = this.from.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}
