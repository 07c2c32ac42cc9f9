import type {
  Clock,
  LaneGroupEvents,
  LaneGroupOptions,
  LaneGroups,
  LaneMembership,
} from '@distributary/distribution-core';
import { DistributionError } from '@distributary/distribution-core';
import type { BrokerAddress, ConnectionSettings } from '../wire/broker-connection.js';
import { brokerAddress } from '../wire/cluster.js';
import { KafkaNames } from '../topics/topic-names.js';
import { GroupMembership } from './group-membership.js';
import type { GroupTimes } from './group-times.js';
import { KafkaCoordinator } from './kafka-coordinator.js';

export interface KafkaGroupsOptions {
  /** To begin with, `host:port`; the others are learnt from them. */
  readonly brokers: readonly string[];
  readonly clock: Clock;
  readonly clientId?: string;
  /** Login and TLS, as the client library takes them. */
  readonly security?: ConnectionSettings['options'];
  /** As in the log that commits for the members. */
  readonly prefix?: string;
  readonly times?: Partial<GroupTimes>;
}

/** Together less than the ten seconds for which no lane may stand still. */
export const DEFAULT_GROUP_TIMES: GroupTimes = { sessionTimeoutMs: 6_000, revokeWaitMs: 5_000 };
const CONNECT_TIMEOUT_MS = 3_000;

/** {@link LaneGroups} by Kafka's consumer groups: each group that this process is in is one member, with a connection. */
export class KafkaGroups implements LaneGroups {
  private readonly memberships = new Set<GroupMembership>();
  private readonly times: GroupTimes;
  private readonly names: KafkaNames;
  private readonly bootstrap: readonly BrokerAddress[];
  private readonly settings: ConnectionSettings;
  private isClosed = false;

  constructor(private readonly options: KafkaGroupsOptions) {
    const { brokers, clientId = 'distributary', prefix = '', security = {}, times } = options;
    this.times = { ...DEFAULT_GROUP_TIMES, ...times };
    this.names = new KafkaNames(prefix);
    this.bootstrap = brokers.map(brokerAddress);
    this.settings = { clientId, options: { connectTimeout: CONNECT_TIMEOUT_MS, ...security } };
  }

  join(group: string, options: LaneGroupOptions, events: LaneGroupEvents): LaneMembership {
    if (this.isClosed) throw new DistributionError('broker.unavailable', 'the groups are closed');
    const { clock } = this.options;
    const { names, times, bootstrap, settings } = this;
    const coordinator = new KafkaCoordinator({ bootstrap, settings, names, times, clock, group: names.group(group) });
    const membership = new GroupMembership(coordinator, options, events, clock, times);
    this.memberships.add(membership);
    membership.start();
    void membership.over.then(() => this.memberships.delete(membership));
    return membership;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.memberships].map((membership) => membership.leave()));
  }
}
