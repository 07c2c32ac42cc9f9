import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { Counter, Metrics } from '../ports/metrics.port.js';
import type { RoutingRule, RuleTransformation } from '../routing/rules/routing-rule.js';
import type { RuleTransform } from '../routing/rules/rule-table.js';
import { applyTransformation } from './apply-transformation.js';
import { type CompiledTransformation, requireSmall } from './compile-transformation.js';
import { isBinary, type TransformationDefinition } from './definition.js';
import { StepAllowances, type StepAllowanceLimits } from './step-allowance.js';
import type { Transformations } from './transformations.js';

export interface RuleTransformationsDependencies {
  readonly transformations: Pick<Transformations, 'compile' | 'compileNow'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly allowance?: StepAllowanceLimits;
  readonly onError: (error: unknown) => void;
}

/** One of them is missing while its transformation cannot be had: then its rules do not fire. */
interface Known {
  readonly tenant: string;
  readonly transformation: RuleTransformation;
  compiled: CompiledTransformation | undefined;
}

/** How soon rules follow a transformation that was replaced under its name by another process. */
const REFRESH_MS = 5_000;
/** That are kept though no rule of the table has them: rules that are being added are prepared before they are in it. */
const MAX_SPARE = 100;
const NO_BYTES = { path: 'transformation.format', rule: 'must not be avro: what a rule sends on stays JSON' };
/** Its own failure is what counts; the event stays in its topic. */
const FAILS: RuleTransform = () => undefined;

/**
 * The transformations that routing rules name or hold, compiled before the rules are, since a rule table is made at once.
 * A rule whose transformation cannot be had, or fails on an event, does not fire for it; `reject` refuses the event
 * (`schema.rejected`). Whatever happens, the event itself stays in its topic, so `dead_letter` is no more than `drop`.
 */
export class RuleTransformations {
  private readonly known = new Map<string, Known>();
  private used: ReadonlySet<string> = new Set();
  /** Not those of subscriptions: who may only read must not be able to keep rules from firing. */
  private readonly allowances: StepAllowances;
  private readonly failures: Counter;
  private cancel: () => void = () => undefined;
  private isStopped = false;

  constructor(private readonly deps: RuleTransformationsDependencies) {
    this.allowances = new StepAllowances(deps.clock, deps.allowance);
    this.failures = deps.metrics.counter(
      'routing_transformation_failures_total',
      'Events that the transformation of a rule failed on',
    );
  }

  /** `isStrict`: throws what is wrong with them. Otherwise what cannot be had is asked for again from time to time. */
  async prepare(rules: readonly RoutingRule[], isStrict: boolean): Promise<void> {
    const wanted = new Set<string>();
    for (const { tenant, transformation } of rules) {
      if (transformation === undefined) continue;
      const key = keyOf(tenant, transformation);
      wanted.add(key);
      if (this.known.get(key)?.compiled !== undefined) continue;
      const known: Known = { tenant, transformation, compiled: undefined };
      try {
        known.compiled = await this.compile(known);
      } catch (error) {
        if (isStrict) throw asProblem(error);
        this.deps.onError(error);
      }
      this.known.set(key, known);
    }
    this.forget(wanted);
  }

  /** Those that are in force; what others had is forgotten by and by. */
  use(rules: readonly RoutingRule[]): void {
    const used = new Set<string>();
    for (const { tenant, transformation } of rules) {
      if (transformation === undefined) continue;
      const key = keyOf(tenant, transformation);
      used.add(key);
      // It has been forgotten since it was prepared: it is asked for again.
      if (!this.known.has(key)) this.known.set(key, { tenant, transformation, compiled: undefined });
    }
    this.used = used;
    this.forget(used);
  }

  private forget(wanted: ReadonlySet<string>): void {
    const spare = [...this.known.keys()].filter((key) => !this.used.has(key) && !wanted.has(key));
    for (const key of spare.slice(0, Math.max(0, spare.length - MAX_SPARE))) this.known.delete(key);
  }

  /** Of a rule that was prepared, or whose transformation stands in it and names nothing. */
  readonly transformOf = (rule: RoutingRule): RuleTransform | undefined => {
    const { tenant, transformation } = rule;
    if (transformation === undefined) return undefined;
    const known = this.known.get(keyOf(tenant, transformation));
    if (known === undefined && typeof transformation !== 'string') {
      return this.transform(
        rule,
        this.deps.transformations.compileNow(tenant, asDefinition(transformation), 'transformation'),
      );
    }
    return known?.compiled === undefined ? FAILS : this.transform(rule, known.compiled);
  };

  /** Calls when a transformation that rules name has changed, until `stop`. */
  watch(onChanged: () => void): void {
    this.cancel = this.deps.clock.after(REFRESH_MS, () => {
      void this.refresh()
        .then((hasChanged) => hasChanged && onChanged(), this.deps.onError)
        .finally(() => {
          if (!this.isStopped) this.watch(onChanged);
        });
    });
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  /** True if one of them has become another, has come or has gone. */
  async refresh(): Promise<boolean> {
    let hasChanged = false;
    for (const known of this.known.values()) {
      if (typeof known.transformation !== 'string' && known.compiled !== undefined) continue;
      const compiled = await this.compile(known).catch((error: unknown) => {
        // What is gone is gone; of what cannot be asked for, the last one stays.
        if (error instanceof DistributionError && error.code === 'store.unavailable') return known.compiled;
        return undefined;
      });
      if (compiled?.fingerprint === known.compiled?.fingerprint) continue;
      known.compiled = compiled;
      hasChanged = true;
    }
    return hasChanged;
  }

  private async compile({ tenant, transformation }: Known): Promise<CompiledTransformation> {
    const definition = typeof transformation === 'string' ? transformation : asDefinition(transformation);
    const compiled = await this.deps.transformations.compile(tenant, definition, 'transformation');
    if (isBinary(compiled.format)) throw invalidRequest([NO_BYTES]);
    return compiled;
  }

  private transform(rule: RoutingRule, compiled: CompiledTransformation): RuleTransform {
    const allowance = this.allowances.of(rule.tenant);
    return ({ record }) => {
      const result = applyTransformation(allowance, compiled, record);
      if (result.failure !== undefined) this.failures.add();
      if (result.kind === 'event') return result.record;
      const { failure } = result;
      if (result.kind === 'reject') {
        throw new DistributionError('schema.rejected', `the rule ${rule.name} refuses the event`, {
          problems: failure.problems,
        });
      }
      return undefined;
    };
  }
}

/** The order of fields counts, as it does for fingerprints. */
function keyOf(tenant: string, transformation: RuleTransformation): string {
  requireSmall(transformation, 'transformation');
  return `${tenant} ${JSON.stringify(transformation)}`;
}

const asDefinition = (transformation: object): TransformationDefinition => transformation as TransformationDefinition;

/** What is not there is a mistake of the rule that names it. */
function asProblem(error: unknown): unknown {
  const isMissing = error instanceof DistributionError && error.code === 'transformation.not_found';
  return isMissing ? invalidRequest([{ path: 'transformation', rule: error.message }]) : error;
}
