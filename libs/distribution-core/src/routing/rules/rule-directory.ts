import type { Clock } from '../../ports/clock.port.js';
import type { Gauge, Metrics } from '../../ports/metrics.port.js';
import type { RoutingRuleStore, RuleEdit } from '../../ports/routing-rule-store.port.js';
import { RULE_LIMITS, type RoutingRule } from './routing-rule.js';
import { invalidRequest } from '../../errors/distribution-error.js';
import { RuleTable, type TransformSource } from './rule-table.js';

export interface RuleDirectoryDependencies {
  readonly store: RoutingRuleStore;
  /** As this process knows them, brought up to the catalog by `refresh`. */
  readonly topics: { refresh(): Promise<void> };
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Another process's changes are seen after this, even if nobody told of them. */
  readonly refreshMs?: number;
  readonly transformOf?: TransformSource;
  /** Before rules are compiled; `isStrict`: they are new, and it throws what is wrong with them. */
  readonly prepare?: (rules: readonly RoutingRule[], isStrict: boolean) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

const REFRESH_MS = 1_000;
const NO_TRANSFORMS: TransformSource = () => undefined;

/**
 * The rules as this process knows them: compiled, and swapped as a whole whenever the store's version moves. While the
 * store cannot be reached, or holds rules that do not compile (nobody can put them there through us), the last good
 * table stays; the metric and `onError` say so.
 *
 * A rule is applied only where every topic is known that was there before it: copies to a topic of which the process has
 * not heard yet would be lost. So a rule that is new waits until the process has looked at the catalog, and with it at the
 * broker; one that is deleted or disabled waits for nothing.
 */
export class RuleDirectory {
  private known: readonly RoutingRule[] = [];
  private compiled = RuleTable.EMPTY;
  private knownVersion = -1;
  private isStopped = false;
  private refreshing: Promise<void> | undefined;
  private isAskedAgain = false;
  private cancel: () => void = () => undefined;
  private leave: () => Promise<void> = () => Promise.resolve();
  private readonly listeners = new Set<(table: RuleTable) => void>();
  private readonly countGauge: Gauge;
  private readonly refusedGauge: Gauge;

  constructor(private readonly deps: RuleDirectoryDependencies) {
    this.countGauge = deps.metrics.gauge('routing_rules', 'Rules that are enabled and applied by this process');
    this.refusedGauge = deps.metrics.gauge('routing_rules_refused', '1 while the stored rules do not compile');
  }

  get version(): number {
    return this.knownVersion;
  }

  /** Of all tenants, enabled or not. */
  get rules(): readonly RoutingRule[] {
    return this.known;
  }

  get table(): RuleTable {
    return this.compiled;
  }

  /** Told of each new table, the present one included. */
  onTable(listener: (table: RuleTable) => void): void {
    this.listeners.add(listener);
    listener(this.compiled);
  }

  async start(): Promise<void> {
    await this.refresh();
    this.leave = await this.deps.store.watch(() => void this.refreshSoon());
    this.schedule();
  }

  /** Resolves when no refresh is under way any more: with it, topics are told to those who read them. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel();
    await this.leave();
    await this.refreshing;
  }

  /** As {@link RoutingRuleStore.change}; refused as a whole if the rules would not compile. Applied here at once. */
  async change(edits: readonly RuleEdit[]): Promise<readonly RoutingRule[]> {
    await this.deps.prepare?.(
      edits.flatMap((edit) => ('rule' in edit ? [edit.rule] : [])),
      true,
    );
    if (edits.some((edit) => 'rule' in edit && edit.rule.enabled)) await this.deps.topics.refresh();
    // Their transformations are not looked at here: of rules that others made meanwhile, none is at hand.
    const { version, rules } = await this.deps.store.change(edits, (all) => void this.compile(all, NO_TRANSFORMS));
    await this.follow(version, rules, new Set(edits.map((edit) => ('rule' in edit ? edit.rule.id : edit.id))));
    return rules;
  }

  /** What a set of rules would be; `request.invalid` if it cannot be. */
  compile(rules: readonly RoutingRule[], transformOf = this.deps.transformOf): RuleTable {
    const counts = new Map<string, number>();
    for (const { tenant } of rules) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    if (Math.max(0, ...counts.values()) > RULE_LIMITS.rulesPerTenant) {
      throw invalidRequest([{ path: '', rule: `a tenant may have ${RULE_LIMITS.rulesPerTenant} rules` }]);
    }
    return RuleTable.compile(rules, transformOf);
  }

  /** Compiles anew though no rule changed: something that rules refer to did. */
  recompile(): void {
    this.tryToTake(this.knownVersion, this.known);
  }

  async refresh(): Promise<void> {
    if ((await this.deps.store.version()) === this.knownVersion) return;
    const { version, rules } = await this.deps.store.list();
    await this.follow(version, rules);
  }

  /** `prepared`: the ids of rules that need not be prepared any more, nor topics be looked at for them. */
  private async follow(version: number, rules: readonly RoutingRule[], prepared?: ReadonlySet<string>): Promise<void> {
    const known = new Map(this.known.map(({ id, revision }) => [id, revision]));
    const isNew = ({ id, revision, enabled }: RoutingRule) =>
      enabled && known.get(id) !== revision && prepared?.has(id) !== true;
    if (rules.some(isNew)) {
      // Begun when the rules are read, so that it sees whatever was there before them.
      await this.deps.topics.refresh();
      await this.deps.prepare?.(rules, false);
    }
    // A later change may have been seen already.
    if (version > this.knownVersion) this.tryToTake(version, rules);
  }

  private tryToTake(version: number, rules: readonly RoutingRule[]): void {
    try {
      this.take(version, rules, this.compile(rules));
    } catch (error) {
      // Asked for again only when they change.
      this.knownVersion = version;
      this.refusedGauge.set(1);
      this.deps.onError(error);
    }
  }

  private take(version: number, rules: readonly RoutingRule[], table: RuleTable): void {
    this.knownVersion = version;
    this.known = rules;
    this.compiled = table;
    this.countGauge.set(table.size);
    this.refusedGauge.set(0);
    for (const listener of this.listeners) listener(table);
  }

  /** One refresh at a time; whoever asks meanwhile is served by the next one. */
  private refreshSoon(): Promise<void> {
    this.isAskedAgain = true;
    return (this.refreshing ??= this.refreshWhileAsked().finally(() => (this.refreshing = undefined)));
  }

  private async refreshWhileAsked(): Promise<void> {
    while (this.isAskedAgain && !this.isStopped) {
      this.isAskedAgain = false;
      await this.refresh().catch(this.deps.onError);
    }
  }

  private schedule(): void {
    this.cancel = this.deps.clock.after(this.deps.refreshMs ?? REFRESH_MS, () => {
      void this.refreshSoon().finally(() => {
        if (!this.isStopped) this.schedule();
      });
    });
  }
}
