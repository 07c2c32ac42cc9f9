import type { RoutingRule } from '../routing/rules/routing-rule.js';

/** A rule with speaking defaults: every event of `monitoring/metrics` also goes to `monitoring/copies`. */
export function aRule(options: Partial<RoutingRule> = {}): RoutingRule {
  const name = options.name ?? 'copy-metrics';
  return {
    id: `rule-${name}`,
    tenant: 'default',
    name,
    sourcePattern: 'monitoring/metrics',
    keyPattern: undefined,
    condition: undefined,
    targetTopic: 'monitoring/copies',
    routingKeyTemplate: undefined,
    setAttributes: {},
    setPriority: undefined,
    transformation: undefined,
    mode: 'copy',
    next: 'continue',
    priority: 1,
    enabled: true,
    createdAtMicros: 1_750_000_000_000_000,
    revision: 1,
    ...options,
  };
}
