import { isPermitted, requirePermission } from '../../access/authorize.js';
import type { Principal } from '../../access/principal.js';
import { qualifyTopic } from '../../access/tenancy.js';
import { DistributionError, invalidRequest, type Problem } from '../../errors/distribution-error.js';
import type { Clock } from '../../ports/clock.port.js';
import type { IdSource } from '../../ports/id-source.port.js';
import type { RuleEdit } from '../../ports/routing-rule-store.port.js';
import { TOPIC_SEPARATOR } from '../../matching/topic-pattern.js';
import { type Precondition, requireVersion, type ResourceVersion, versionOf } from '../../precondition.js';
import type { TopicLookup } from '../../ingest/published-event.js';
import type { TopicDirectory } from '../topic-directory.js';
import type { EventRouter, RoutableEvent } from './event-router.js';
import { explain, type Explanation } from './explain.js';
import { compareRules, type RoutingRule, type RuleSettings } from './routing-rule.js';
import { ruleProblems } from './rule-check.js';
import type { RuleDirectory } from './rule-directory.js';
import { compileTemplate } from './template.js';

export interface RuleAdminDependencies {
  readonly directory: RuleDirectory;
  readonly router: EventRouter;
  readonly topics: TopicLookup & Pick<TopicDirectory, 'lookUp'>;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** Anybody who changes the rules at the same time makes one more try necessary. */
const MAX_TRIES = 5;
const UNKNOWN_TARGET = 'must be a topic that exists';

/**
 * The routing rules of one tenant, for those who may manage its topics. Of another tenant's rule it is said that it does
 * not exist.
 *
 * Failure: `auth.forbidden`, `request.invalid` with every problem (a circle of rules among them), `rule.not_found`,
 * `rule.exists`, `precondition.failed`, `store.unavailable`. A change that resolved is in force in this process, and
 * soon in all others.
 */
export class RuleAdmin {
  constructor(private readonly deps: RuleAdminDependencies) {}

  /** In the order in which they are looked at. */
  list(principal: Principal): readonly RoutingRule[] {
    requireReading(principal);
    return this.rulesOf(principal.tenant);
  }

  get(principal: Principal, id: string): RoutingRule {
    requireReading(principal);
    return this.required(principal.tenant, id);
  }

  async create(principal: Principal, settings: RuleSettings): Promise<RoutingRule> {
    await this.check(principal, settings);
    const rule: RoutingRule = {
      ...settings,
      id: this.deps.ids.uuid(),
      tenant: principal.tenant,
      createdAtMicros: this.deps.clock.nowMicros(),
      revision: 1,
    };
    return this.changeOne(rule.id, [{ kind: 'create', rule }]);
  }

  /** What is not named stays as it is. */
  async change(
    principal: Principal,
    id: string,
    change: Partial<RuleSettings>,
    precondition?: Precondition,
  ): Promise<RoutingRule> {
    return this.again(precondition, async () => {
      const known = this.managed(principal, id);
      requireVersion(precondition, ruleVersion(known));
      const rule = { ...known, ...change };
      await this.check(principal, rule);
      return this.changeOne(id, [{ kind: 'replace', rule, revision: known.revision }]);
    });
  }

  async delete(principal: Principal, id: string, precondition?: Precondition): Promise<void> {
    await this.again(precondition, async () => {
      const known = this.managed(principal, id);
      requireVersion(precondition, ruleVersion(known));
      await this.deps.directory.change([{ kind: 'delete', id, revision: known.revision }]);
    });
  }

  /** The named rules first and in this order, then the others as they were; priorities become 1, 2, 3, … */
  async reorder(principal: Principal, ids: readonly string[]): Promise<readonly RoutingRule[]> {
    return this.again(undefined, async () => {
      const { tenant } = principal;
      const rules = this.rulesOf(tenant);
      const named = ids.map((id) => this.required(tenant, id));
      if (new Set(ids).size < ids.length) throw invalidRequest([{ path: 'ids', rule: 'must name each rule once' }]);
      const order = [...named, ...rules.filter(({ id }) => !ids.includes(id))];
      for (const rule of order) requireManaging(principal, rule);
      const edits = order.flatMap((rule, at): RuleEdit[] =>
        rule.priority === at + 1
          ? []
          : [{ kind: 'replace', rule: { ...rule, priority: at + 1 }, revision: rule.revision }],
      );
      if (edits.length > 0) await this.deps.directory.change(edits);
      return this.rulesOf(tenant);
    });
  }

  /**
   * What would become of an event, and why. `candidates` are tried as if they were there: in the place of rules of the
   * same names, beside all others. Nothing is published and nothing is changed.
   */
  explain(principal: Principal, event: RoutableEvent, candidates: readonly RuleSettings[] = []): Explanation {
    requireReading(principal);
    const { directory, router } = this.deps;
    if (candidates.length === 0) return explain(event, this.rulesOf(principal.tenant), directory.table, router);
    const problems = candidates.flatMap((candidate, at) =>
      this.problemsOf(principal.tenant, candidate).map(({ path, rule }) => ({ path: `rules[${at}].${path}`, rule })),
    );
    if (problems.length > 0) throw invalidRequest(problems);
    const names = new Set(candidates.map(({ name }) => name));
    const tried = candidates.map((settings, at): RoutingRule => {
      return { ...settings, id: `candidate-${at}`, tenant: principal.tenant, createdAtMicros: 0, revision: 0 };
    });
    const rules = [...this.rulesOf(principal.tenant).filter(({ name }) => !names.has(name)), ...tried];
    return explain(event, rules.sort(compareRules), directory.compile(rules), router);
  }

  private rulesOf(tenant: string): RoutingRule[] {
    return this.deps.directory.rules.filter((rule) => rule.tenant === tenant).sort(compareRules);
  }

  private required(tenant: string, id: string): RoutingRule {
    const rule = this.deps.directory.rules.find((one) => one.id === id && one.tenant === tenant);
    if (rule === undefined) throw new DistributionError('rule.not_found', `no rule ${id}`);
    return rule;
  }

  private managed(principal: Principal, id: string): RoutingRule {
    const rule = this.required(principal.tenant, id);
    requireManaging(principal, rule);
    return rule;
  }

  private async check(principal: Principal, settings: RuleSettings): Promise<void> {
    const { tenant } = principal;
    let problems = this.problemsOf(tenant, settings);
    if (problems.some(({ rule }) => rule === UNKNOWN_TARGET)) {
      await this.deps.topics.lookUp(qualifyTopic(tenant, settings.targetTopic));
      problems = this.problemsOf(tenant, settings);
    }
    if (problems.length > 0) throw invalidRequest(problems);
    requireManaging(principal, settings);
  }

  private problemsOf(tenant: string, settings: RuleSettings): Problem[] {
    const problems = ruleProblems(settings);
    if (problems.some(({ path }) => path === 'target_topic')) return problems;
    // Topics that an event itself names are looked for when there is an event.
    if (compileTemplate(settings.targetTopic, 'topic').isLiteral) {
      const topic = this.deps.topics.find(qualifyTopic(tenant, settings.targetTopic));
      if (topic === undefined) problems.push({ path: 'target_topic', rule: UNKNOWN_TARGET });
      else if (topic.origin !== 'ingested') {
        problems.push({ path: 'target_topic', rule: 'must be a topic that this service writes' });
      }
    }
    return problems;
  }

  private async changeOne(id: string, edits: readonly RuleEdit[]): Promise<RoutingRule> {
    const rules = await this.deps.directory.change(edits);
    return rules.find((rule) => rule.id === id) as RoutingRule;
  }

  /** Whoever names no state means the present one: if it has just changed, they mean the newer. */
  private async again<Result>(precondition: Precondition, work: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        const isLate = error instanceof DistributionError && error.code === 'precondition.failed';
        if (!isLate || Array.isArray(precondition) || tries === MAX_TRIES) throw error;
        await this.deps.directory.refresh();
      }
    }
  }
}

/** For `ETag`. */
export const ruleVersion = ({ id, revision }: RoutingRule): ResourceVersion => versionOf([id, revision]);

function requireReading(principal: Principal): void {
  if (!isPermitted(principal, 'manage')) requirePermission(principal, 'read');
}

/** Rules take events from topics and put them into others: both must be the principal's to manage, whole patterns. */
function requireManaging(principal: Principal, { sourcePattern, targetTopic }: RuleSettings): void {
  for (const text of [
    sourcePattern,
    targetTopic.replace(/\$\{\s*topic\s*(\|[^{}]*)?\}/g, '#').replace(/\$\{[^{}]*\}/g, '+'),
  ]) {
    const isCovered = specimensOf(text).every((topic) => isPermitted(principal, 'manage', topic));
    if (!isCovered) throw new DistributionError('auth.forbidden', `this needs the permission to manage ${text}`);
  }
}

/** A level that no permission names: patterns have no control characters, so that only a wildcard covers it. */
const ANY_LEVEL = '\u0000';
const SOME_LEVELS = [1, 2, 6].map((count) => Array<string>(count).fill(ANY_LEVEL).join(TOPIC_SEPARATOR));

/** Topics that a permission covers only if it covers all that the pattern stands for. */
function specimensOf(pattern: string): string[] {
  const text = pattern.replaceAll('+', ANY_LEVEL);
  if (!text.includes('#')) return [text];
  const ends = SOME_LEVELS.map((end) => text.replaceAll('#', end));
  return text.endsWith('/#') ? [text.slice(0, -2), ...ends] : ends;
}
