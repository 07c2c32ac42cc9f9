import {
  type Clock,
  DistributionError,
  type Filter,
  type RoutingRule,
  type RoutingRuleStore,
  type RuleEdit,
  type RuleTransformation,
} from '@distributary/distribution-core';
import type { DataSource, EntityManager } from 'typeorm';
import { NotificationListener } from './notification-listener.js';
import { isUniqueViolation, translated } from './postgres.errors.js';

/** A row of `routing_rules`. */
interface RuleRow {
  readonly id: string;
  readonly rule_name: string;
  readonly source_pattern: string;
  readonly target_topic: string;
  readonly routing_key_template: string | null;
  readonly conditions: Filter | null;
  readonly priority: number;
  readonly enabled: boolean;
  readonly created_micros: string;
  readonly tenant: string;
  readonly key_pattern: string | null;
  readonly set_attributes: RoutingRule['setAttributes'];
  readonly set_priority: number | null;
  readonly transformation: RuleTransformation | null;
  readonly mode: RoutingRule['mode'];
  readonly next: RoutingRule['next'];
  readonly revision: number;
}

const CHANNEL = 'distributary_routing_rules';
const SELECT = `
  SELECT id, rule_name, source_pattern, target_topic, routing_key_template, conditions, priority, enabled,
         (extract(epoch FROM created_at) * 1000000)::bigint AS created_micros, tenant, key_pattern, set_attributes,
         set_priority, transformation, mode, next, revision
    FROM routing_rules ORDER BY tenant, priority, rule_name COLLATE "C"`;
const INSERT = `
  INSERT INTO routing_rules (id, rule_name, source_pattern, target_topic, routing_key_template, conditions, priority,
                             enabled, tenant, key_pattern, set_attributes, set_priority, transformation, mode, next,
                             revision, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, to_timestamp($17::numeric / 1000000))`;
const UPDATE = `
  UPDATE routing_rules
     SET rule_name = $2, source_pattern = $3, target_topic = $4, routing_key_template = $5, conditions = $6,
         priority = $7, enabled = $8, key_pattern = $9, set_attributes = $10, set_priority = $11,
         transformation = $12, mode = $13, next = $14, revision = revision + 1
   WHERE id = $1`;

/** The {@link RoutingRuleStore} in `routing_rules`; changes are told over LISTEN/NOTIFY, when they are committed. */
export class PostgresRoutingRuleStore implements RoutingRuleStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  version(): Promise<number> {
    return translated(async () => versionOf(await this.dataSource.query('SELECT version FROM routing_rules_version')));
  }

  list() {
    return translated(() =>
      // One snapshot for both, or a change in between would be taken for known.
      this.dataSource.transaction('REPEATABLE READ', async (manager) => ({
        version: versionOf(await manager.query('SELECT version FROM routing_rules_version')),
        rules: await rulesOf(manager),
      })),
    );
  }

  async change(edits: readonly RuleEdit[], check: (rules: readonly RoutingRule[]) => void) {
    let refusal: unknown;
    try {
      return await translated(() =>
        this.dataSource.transaction(async (manager) => {
          const [rows] = await manager.query<[{ version: string }[], number]>(
            'UPDATE routing_rules_version SET version = version + 1 RETURNING version',
          );
          for (const edit of edits) await apply(manager, edit);
          const rules = await rulesOf(manager);
          try {
            check(rules);
          } catch (thrown) {
            refusal = thrown;
            throw thrown;
          }
          await manager.query(`NOTIFY ${CHANNEL}`);
          return { version: versionOf(rows), rules };
        }),
      );
    } catch (error) {
      // What the check throws is its caller's, not the database's.
      throw refusal ?? error;
    }
  }

  async watch(onChange: () => void): Promise<() => Promise<void>> {
    const listener = new NotificationListener(this.dataSource, CHANNEL, this.clock, onChange);
    listener.start();
    await listener.attempted;
    return () => listener.stop();
  }
}

async function apply(manager: EntityManager, edit: RuleEdit): Promise<void> {
  try {
    if (edit.kind === 'create') return void (await manager.query(INSERT, insertValues(edit.rule)));
    const id = edit.kind === 'replace' ? edit.rule.id : edit.id;
    const [known] = await manager.query<{ revision: number }[]>('SELECT revision FROM routing_rules WHERE id = $1', [
      id,
    ]);
    if (known === undefined) throw new DistributionError('rule.not_found', `no rule ${id}`);
    if (known.revision !== edit.revision) {
      throw new DistributionError('precondition.failed', 'the rule has been changed since it was read: read it again');
    }
    if (edit.kind === 'delete') await manager.query('DELETE FROM routing_rules WHERE id = $1', [id]);
    else await manager.query(UPDATE, updateValues(edit.rule));
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new DistributionError('rule.exists', 'there is a rule of that name already');
  }
}

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

function settings(rule: RoutingRule): unknown[] {
  return [
    rule.id,
    rule.name,
    rule.sourcePattern,
    rule.targetTopic,
    rule.routingKeyTemplate ?? null,
    json(rule.condition),
    rule.priority,
    rule.enabled,
  ];
}

const extras = (rule: RoutingRule): unknown[] => [
  rule.keyPattern ?? null,
  json(rule.setAttributes),
  rule.setPriority ?? null,
  json(rule.transformation),
  rule.mode,
  rule.next,
];

const insertValues = (rule: RoutingRule): unknown[] => [
  ...settings(rule),
  rule.tenant,
  ...extras(rule),
  1,
  rule.createdAtMicros,
];
const updateValues = (rule: RoutingRule): unknown[] => [...settings(rule), ...extras(rule)];

const versionOf = (rows: readonly { readonly version: string }[]): number => Number(rows[0].version);

async function rulesOf(manager: EntityManager): Promise<readonly RoutingRule[]> {
  return (await manager.query<RuleRow[]>(SELECT)).map((row) => ({
    id: row.id,
    tenant: row.tenant,
    name: row.rule_name,
    sourcePattern: row.source_pattern,
    keyPattern: row.key_pattern ?? undefined,
    condition: row.conditions ?? undefined,
    targetTopic: row.target_topic,
    routingKeyTemplate: row.routing_key_template ?? undefined,
    setAttributes: row.set_attributes,
    setPriority: row.set_priority ?? undefined,
    transformation: row.transformation ?? undefined,
    mode: row.mode,
    next: row.next,
    priority: row.priority,
    enabled: row.enabled,
    createdAtMicros: Number(row.created_micros),
    revision: row.revision,
  }));
}
