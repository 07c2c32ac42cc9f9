import { invalidRequest } from '@distributary/distribution-core';

const NAME = /^[A-Za-z0-9._-]{1,200}$/;
/** What Pulsar calls the partitions of another topic. */
const PARTITION_NAME = /-partition-\d+$/;
const OUR_OWN = 'distributary-';
const MAX_GROUP_BYTES = 120;

/** What Pulsar calls our topics and groups: all of them lie in one namespace of one tenant. */
export class PulsarNames {
  /** `tenant/namespace`. */
  readonly space: string;

  constructor(tenant: string, namespace: string) {
    this.space = `${encodeURIComponent(tenant)}/${encodeURIComponent(namespace)}`;
  }

  topic(name: string): string {
    return `persistent/${this.space}/${encodeURIComponent(name)}`;
  }

  lane(name: string, partition: number): string {
    return `${this.topic(name)}-partition-${partition}`;
  }

  /** The topic whose subscriptions keep the positions of a group. */
  group(group: string): string {
    const bytes = Buffer.from(group);
    if (bytes.length === 0 || bytes.length > MAX_GROUP_BYTES) {
      throw invalidRequest([{ path: 'group', rule: `must have 1 to ${MAX_GROUP_BYTES} bytes` }]);
    }
    return `persistent/${this.space}/${OUR_OWN}group.${bytes.toString('base64url')}`;
  }

  /** Of ours: so that those of others are left alone. Good for a path: what is no letter, digit, dot or dash is `_hh`. */
  subscription(name: string): string {
    const escaped = (character: string) => [...Buffer.from(character)].map((byte) => `_${hex(byte)}`).join('');
    return `distributary.${name.replace(/[^A-Za-z0-9.-]/gu, escaped)}`;
  }

  /** `persistent://tenant/namespace/topic` as Pulsar lists it. */
  ourName(listed: string): string {
    return listed.slice(listed.lastIndexOf('/') + 1);
  }

  check(name: string): void {
    if (NAME.test(name) && !PARTITION_NAME.test(name) && !name.startsWith(OUR_OWN)) return;
    const rule = `must be 1 to 200 of A-Z a-z 0-9 . _ -, not begin with ${OUR_OWN} and not end like a partition's name`;
    throw invalidRequest([{ path: 'name', rule }]);
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
