import { isPermitted, requirePermission } from '../access/authorize.js';
import type { Principal } from '../access/principal.js';
import { qualifyTopic, unqualified } from '../access/tenancy.js';
import { DistributionError, invalidRequest, type Problem } from '../errors/distribution-error.js';
import { compileTopicPattern } from '../matching/topic-pattern.js';
import type { SubscriptionStore } from '../ports/subscription-store.port.js';
import type { PayloadFormat } from '../ports/payload-codec.port.js';
import type { ConflationKey, NewTopic, TopicChange, TopicDefinition } from '../ports/topic-catalog.port.js';
import { type Precondition, requireVersion, type ResourceVersion, versionOf } from '../precondition.js';
import { brokerNameOf } from './broker-name.js';
import { parseRetentionPolicy } from './retention-policy.js';
import type { TopicDirectory } from './topic-directory.js';
import { topicNameProblem } from './topic-name.js';

/** What a tenant may say of a new topic; the rest has defaults. */
export interface TopicRequest {
  /** Slash path, as the tenant names it. */
  readonly name: string;
  readonly dataType: string;
  readonly partitions?: number;
  readonly retentionPolicy?: string;
  readonly enabled?: boolean;
  readonly priority?: number;
  readonly conflationKey?: ConflationKey;
  readonly origin?: 'ingested' | 'external';
  /** Of a topic that others write: what the broker calls it. */
  readonly brokerName?: string;
  /** Of such a topic: how its payloads are read, default `none`, and whose schemas they must have. */
  readonly payloadFormat?: PayloadFormat;
  readonly payloadSubject?: string;
}

export interface TopicAdminDependencies {
  readonly directory: TopicDirectory;
  readonly subscriptions: SubscriptionStore;
  /** Payloads of topics that others write can be read as this. Default: what needs no registry. */
  readonly payloadFormats?: readonly PayloadFormat[];
}

const MAX_PARTITIONS = 256;
const MAX_BROKER_NAME_LENGTH = 249;

/**
 * The topics of one tenant, for those who may manage them. Names go in and come out as the tenant knows them; of another
 * tenant's topic it is said that it does not exist.
 *
 * Failure: `auth.forbidden`, `request.invalid` with every problem, `topic.not_found`, `topic.exists`, `topic.in_use`,
 * `precondition.failed`, `store.unavailable`, `broker.unavailable`.
 */
export class TopicAdmin {
  constructor(private readonly deps: TopicAdminDependencies) {}

  /** All that the principal may read or manage, by name. */
  list(principal: Principal): readonly TopicDefinition[] {
    return this.deps.directory
      .list()
      .filter((topic) => topic.tenant === principal.tenant && mayRead(principal, unqualified(topic.name)));
  }

  async get(principal: Principal, name: string): Promise<TopicDefinition> {
    if (!mayRead(principal, name)) requirePermission(principal, 'read', name);
    return this.required(principal, name);
  }

  /** Resolves when it can be published to, and streams to the subscriptions that select it. */
  async create(principal: Principal, request: TopicRequest): Promise<TopicDefinition> {
    const topic = topicOf(request, principal.tenant);
    // What cannot be a name is nobody's to permit.
    check([...problemsOf(topic, request), ...payloadProblems(request, this.deps.payloadFormats ?? ['none', 'json'])]);
    requirePermission(principal, 'manage', request.name);
    return this.deps.directory.create(topic);
  }

  async change(
    principal: Principal,
    name: string,
    change: TopicChange,
    precondition?: Precondition,
  ): Promise<TopicDefinition> {
    requirePermission(principal, 'manage', name);
    const known = await this.required(principal, name);
    check(changeProblems(change));
    return this.deps.directory.change(known.name, change, (present) =>
      requireVersion(precondition, topicVersion(present)),
    );
  }

  /**
   * With its events. `topic.in_use` while a durable subscription selects it and nothing else, for it would wait in vain;
   * `force` deletes it all the same.
   */
  async delete(
    principal: Principal,
    name: string,
    options: { readonly force?: boolean; readonly precondition?: Precondition } = {},
  ): Promise<void> {
    requirePermission(principal, 'manage', name);
    const known = await this.required(principal, name);
    if (options.force !== true) await this.refuseIfNeeded(known);
    await this.deps.directory.delete(known.name, (present) =>
      requireVersion(options.precondition, topicVersion(present)),
    );
  }

  private async refuseIfNeeded(topic: TopicDefinition): Promise<void> {
    const others = this.deps.directory.list().filter(({ name }) => name !== topic.name);
    const users = (await this.deps.subscriptions.list({ tenant: topic.tenant })).filter(({ topicPatterns }) => {
      const patterns = topicPatterns.map((pattern) => compileTopicPattern(pattern));
      const selects = (name: string) => patterns.some((pattern) => pattern.matches(name));
      return selects(topic.name) && !others.some(({ name }) => selects(name));
    });
    if (users.length === 0) return;
    const names = users.map(({ subscriptionId }) => unqualified(subscriptionId));
    throw new DistributionError('topic.in_use', `${unqualified(topic.name)} is all that ${listed(names)} select`, {
      problems: names.map((name) => ({ path: 'subscriptions', rule: `${name} selects nothing else` })),
    });
  }

  private async required(principal: Principal, name: string): Promise<TopicDefinition> {
    const topic = await this.deps.directory.lookUp(qualifyTopic(principal.tenant, name));
    if (topic === undefined || topic.tenant !== principal.tenant) {
      throw new DistributionError('topic.not_found', `no topic ${name}`);
    }
    return topic;
  }
}

/** For `ETag`: of everything that can be changed. */
export function topicVersion(topic: TopicDefinition): ResourceVersion {
  const { name, catalogVersion, retentionPolicy, enabled, priority, conflationKey } = topic;
  return versionOf([name, catalogVersion, retentionPolicy, enabled, priority, conflationKey]);
}

const mayRead = (principal: Principal, name: string): boolean =>
  isPermitted(principal, 'read', name) || isPermitted(principal, 'manage', name);

function topicOf(request: TopicRequest, tenant: string): NewTopic {
  return {
    name: qualifyTopic(tenant, request.name),
    tenant,
    brokerName: request.brokerName ?? brokerNameOf(request.name, tenant),
    dataType: request.dataType,
    partitions: request.partitions ?? 1,
    retentionPolicy: request.retentionPolicy ?? '7d',
    enabled: request.enabled ?? true,
    origin: request.origin ?? 'ingested',
    ...payloadOf(request),
    priority: request.priority ?? 5,
    conflationKey: request.conflationKey ?? 'none',
  };
}

function payloadOf({ payloadFormat = 'none', payloadSubject }: TopicRequest): Pick<NewTopic, 'payload'> {
  if (payloadFormat === 'none') return {};
  return { payload: { format: payloadFormat, ...(payloadSubject === undefined ? {} : { subject: payloadSubject }) } };
}

const MAX_SUBJECT_LENGTH = 255;

function payloadProblems(
  { origin, payloadFormat, payloadSubject }: TopicRequest,
  possible: readonly PayloadFormat[],
): Problem[] {
  const problems: Problem[] = [];
  const path = 'payload_format';
  if (payloadFormat !== undefined && origin !== 'external') {
    problems.push({ path, rule: 'must not be given but for an external topic' });
  } else if (payloadFormat !== undefined && !possible.includes(payloadFormat)) {
    problems.push({ path, rule: `must be ${possible.join(' or ')}, because no schema registry is configured` });
  }
  if (payloadSubject !== undefined && payloadFormat !== 'avro') {
    problems.push({ path: 'payload_subject', rule: 'must not be given but with payload_format avro' });
  }
  if (payloadSubject !== undefined && !isWithin(payloadSubject.length, 1, MAX_SUBJECT_LENGTH)) {
    problems.push({ path: 'payload_subject', rule: `must be 1 to ${MAX_SUBJECT_LENGTH} characters` });
  }
  return problems;
}

function problemsOf(topic: NewTopic, request: TopicRequest): Problem[] {
  const problems: Problem[] = [];
  const nameProblem = topicNameProblem(request.name, topic.name);
  if (nameProblem !== undefined) problems.push(nameProblem);
  if (!/^[A-Z][A-Z0-9_]{0,49}$/.test(topic.dataType)) {
    problems.push({ path: 'data_type', rule: 'must be capital letters, digits and "_", at most 50' });
  }
  if (!isWithin(topic.partitions, 1, MAX_PARTITIONS)) {
    problems.push({ path: 'partitions', rule: `must be a whole number from 1 to ${MAX_PARTITIONS}` });
  }
  if (request.brokerName !== undefined && topic.origin !== 'external') {
    problems.push({ path: 'broker_name', rule: 'must not be given but for an external topic' });
  }
  if (topic.brokerName.length > MAX_BROKER_NAME_LENGTH || !/^[\w.-]+$/.test(topic.brokerName)) {
    const path = request.brokerName === undefined ? 'name' : 'broker_name';
    const rule = `must give a broker name of at most ${MAX_BROKER_NAME_LENGTH} letters, digits, ".", "_" and "-"`;
    problems.push({ path, rule });
  }
  return [...problems, ...changeProblems(topic)];
}

function changeProblems({ retentionPolicy, priority, conflationKey }: TopicChange): Problem[] {
  const problems: Problem[] = [];
  if (retentionPolicy !== undefined) {
    try {
      parseRetentionPolicy(retentionPolicy);
    } catch (error) {
      problems.push(...(error as DistributionError).problems);
    }
  }
  if (priority !== undefined && !isWithin(priority, 1, 9)) {
    problems.push({ path: 'priority', rule: 'must be a whole number from 1 (most urgent) to 9' });
  }
  if (typeof conflationKey === 'object' && !isWithin(conflationKey.attributes.length, 1, 8)) {
    problems.push({ path: 'conflation_key.attributes', rule: 'must be 1 to 8 names' });
  }
  return problems;
}

function check(problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalidRequest(problems);
}

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

function listed(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}
