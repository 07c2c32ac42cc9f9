import type { Clock, GroupMember } from '@distributary/distribution-core';
import {
  type Connection,
  findCoordinatorV6,
  heartbeatV4,
  joinGroupV9,
  leaveGroupV5,
  syncGroupV5,
} from '@platformatic/kafka';
import { KAFKA } from '../kafka.errors.js';
import type { KafkaNames } from '../topics/topic-names.js';
import { type BrokerAddress, BrokerConnection, type ConnectionSettings } from '../wire/broker-connection.js';
import { askMetadata } from '../wire/metadata.js';
import { type GroupCoordinator, GroupError, type Joined } from './group-coordinator.js';
import { groupErrorOf, groupErrorOfCode } from './group-errors.js';
import { type GroupTimes, rebalanceTimeoutMs } from './group-times.js';
import { PROTOCOL_NAME, PROTOCOL_TYPE } from './group-wire.js';

export interface CoordinatorOptions {
  readonly bootstrap: readonly BrokerAddress[];
  readonly settings: ConnectionSettings;
  /** As Kafka knows it. */
  readonly group: string;
  readonly names: KafkaNames;
  readonly times: GroupTimes;
  readonly clock: Clock;
}

type Send<Answer> = (connection: Connection, done: (error: Error | null, answer?: Answer) => void) => void;

const GROUP_KIND = 0;

/**
 * Has connections of its own: a broker answers one connection's requests in turn, and a join waits until all members
 * have come.
 */
export class KafkaCoordinator implements GroupCoordinator {
  private readonly settings: ConnectionSettings;
  private line: BrokerConnection | undefined;
  private address: BrokerAddress | undefined;

  constructor(private readonly options: CoordinatorOptions) {
    const requestTimeout = rebalanceTimeoutMs(options.times) + options.times.sessionTimeoutMs;
    const { clientId, options: connection } = options.settings;
    this.settings = { clientId, options: { ...connection, requestTimeout } };
  }

  async join(memberId: string, metadata: Buffer): Promise<Joined> {
    const { group, times } = this.options;
    const protocols = [{ name: PROTOCOL_NAME, metadata }];
    const rebalanceMs = rebalanceTimeoutMs(times);
    const answer = await this.ask<joinGroupV9.JoinGroupResponse>(
      'join a group',
      (connection, done) =>
        joinGroupV9.api(
          connection,
          group,
          times.sessionTimeoutMs,
          rebalanceMs,
          memberId,
          null,
          PROTOCOL_TYPE,
          protocols,
          null,
          done,
        ),
      rebalanceMs + times.sessionTimeoutMs,
    );
    this.check(answer.errorCode, 'join a group', answer.memberId);
    const members = answer.members.map(({ memberId: id, metadata: said }) => {
      return { memberId: id, metadata: said ?? Buffer.alloc(0) };
    });
    const given = answer.memberId ?? '';
    return { memberId: given, generation: answer.generationId, members, isLeader: answer.leader === given };
  }

  async sync({ memberId, generation }: GroupMember, grants: ReadonlyMap<string, Buffer>): Promise<Buffer> {
    const assignments = [...grants].map(([id, assignment]) => ({ memberId: id, assignment }));
    const answer = await this.ask<syncGroupV5.SyncGroupResponse>(
      'share out a group',
      (connection, done) =>
        syncGroupV5.api(
          connection,
          this.options.group,
          generation,
          memberId,
          null,
          PROTOCOL_TYPE,
          PROTOCOL_NAME,
          assignments,
          done,
        ),
      rebalanceTimeoutMs(this.options.times),
    );
    this.check(answer.errorCode, 'share out a group');
    return answer.assignment;
  }

  async heartbeat({ memberId, generation }: GroupMember): Promise<void> {
    const answer = await this.ask<heartbeatV4.HeartbeatResponse>(
      'heartbeat',
      (connection, done) => heartbeatV4.api(connection, this.options.group, generation, memberId, null, done),
      this.options.times.sessionTimeoutMs / 2,
    );
    this.check(answer.errorCode, 'heartbeat');
  }

  /** On a line of its own: a join may be waiting on the other. */
  async leave(memberId: string): Promise<void> {
    if (this.address === undefined) return;
    const line = new BrokerConnection(this.address, this.settings);
    try {
      await this.within(
        line,
        this.options.times.sessionTimeoutMs / 2,
        line.ask('leave a group', (connection, done) =>
          leaveGroupV5.api(connection, this.options.group, [{ memberId }], done),
        ),
      );
    } finally {
      await line.close();
    }
  }

  async partitions(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (topics.length === 0) return new Map();
    const { names } = this.options;
    try {
      const line = await this.connect();
      const { topics: found } = await askMetadata(
        line,
        topics.map((topic) => names.topic(topic)),
      );
      return new Map(found.map(({ name, partitions }) => [names.ourName(name) ?? name, partitions.length]));
    } catch (error) {
      throw groupErrorOf(error);
    }
  }

  async close(): Promise<void> {
    const { line } = this;
    this.line = undefined;
    await line?.close();
  }

  private async ask<Answer>(what: string, send: Send<Answer>, limitMs: number): Promise<Answer> {
    try {
      const line = await this.connect();
      return await this.within(line, limitMs, line.ask<Answer>(what, send));
    } catch (error) {
      throw groupErrorOf(error);
    }
  }

  private check(code: number, what: string, memberId?: string | null): void {
    if (code === KAFKA.none) return;
    if (code === KAFKA.notCoordinator || code === KAFKA.coordinatorNotAvailable) void this.close();
    throw groupErrorOfCode(code, what, memberId);
  }

  private async connect(): Promise<BrokerConnection> {
    if (this.line?.isUsable) return this.line;
    await this.close();
    this.address = await this.find();
    const line = new BrokerConnection(this.address, this.settings);
    this.line = line;
    await this.within(line, this.options.times.sessionTimeoutMs / 2, line.ready());
    return line;
  }

  private async find(): Promise<BrokerAddress> {
    let last: unknown = new GroupError('unreachable', 'no broker of Kafka is known');
    for (const address of this.options.bootstrap) {
      const line = new BrokerConnection(address, this.settings);
      try {
        const asking = line.ask('find a coordinator', (connection: Connection, done) =>
          findCoordinatorV6.api(connection, GROUP_KIND, [this.options.group], done as never),
        ) as Promise<{ coordinators: readonly { errorCode: number; host: string; port: number }[] }>;
        const [found] = (await this.within(line, this.options.times.sessionTimeoutMs / 2, asking)).coordinators;
        if (found.errorCode === KAFKA.none) return { host: found.host, port: found.port };
        last = groupErrorOfCode(found.errorCode, 'find a coordinator');
      } catch (error) {
        last = error;
      } finally {
        await line.close();
      }
    }
    throw last;
  }

  /** A line on which nothing comes is given up: the next call takes a new one. */
  private async within<Answer>(line: BrokerConnection, ms: number, asking: Promise<Answer>): Promise<Answer> {
    const cancel = this.options.clock.after(ms, () => void line.close());
    try {
      return await asking;
    } finally {
      cancel();
    }
  }
}
