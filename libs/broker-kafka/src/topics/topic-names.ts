import { invalidRequest } from '@distributary/distribution-core';

const MAX_NAME_LENGTH = 249;
const NAME = /^[A-Za-z0-9._-]+$/;
const MAX_GROUP_LENGTH = 512;

/**
 * What Kafka calls our topics and groups. A prefix makes a space of its own on a cluster that is used by others, or by
 * several installations: what does not begin with it is not there for us.
 */
export class KafkaNames {
  constructor(readonly prefix: string) {}

  topic(name: string): string {
    return this.prefix + name;
  }

  /** Undefined for a topic outside our space. */
  ourName(kafkaName: string): string | undefined {
    return kafkaName.startsWith(this.prefix) ? kafkaName.slice(this.prefix.length) : undefined;
  }

  /** No consumer group of anybody else begins with this; where processes share a group's lanes it is the group they join. */
  group(group: string): string {
    if (group === '' || group.includes('\0') || group.length > MAX_GROUP_LENGTH) {
      throw invalidRequest([
        { path: 'group', rule: `must have 1 to ${MAX_GROUP_LENGTH} characters, none of them zero` },
      ]);
    }
    return `${this.prefix}distributary.${group}`;
  }

  transactionalId(instance: string, slot: number): string {
    return `${this.prefix}distributary.${instance}-${slot}`;
  }

  /** Whether a process of this space bears it. */
  isTransactionalId(id: string): boolean {
    return id.startsWith(`${this.prefix}distributary.`);
  }

  /** `request.invalid` for a name that Kafka does not take. */
  check(name: string): void {
    const full = this.topic(name);
    const isFine = NAME.test(full) && full.length <= MAX_NAME_LENGTH && full !== '.' && full !== '..';
    if (isFine) return;
    const rule = `must be at most ${MAX_NAME_LENGTH - this.prefix.length} of A-Z a-z 0-9 . _ -`;
    throw invalidRequest([{ path: 'name', rule }]);
  }
}
