import { z } from 'zod';

const attributeValue = z.union([z.string().max(1024), z.number(), z.boolean()]);
const template = z.string().min(1).max(200);

/** The filter tree as JSON, or its CEL text. */
const condition = z.union([z.string().min(1).max(10_000), z.record(z.string(), z.unknown())]);

const settings = {
  /** Over topics: `+` one level, `#` the rest. */
  source_pattern: z.string().min(1).max(200),
  /** Over routing keys: `*` one word, `#` the rest. */
  key_pattern: z.string().min(1).max(200).nullable().optional(),
  condition: condition.nullable().optional(),
  /** `${severity|lower}`, `${topic[1]}` and the like are filled in from the event. */
  target_topic: template,
  routing_key_template: template.nullable().optional(),
  set_attributes: z.record(z.string().min(1).max(100), attributeValue).optional(),
  /** 1 is the most urgent, 9 the least. */
  set_priority: z.int().min(1).max(9).nullable().optional(),
  /** A transformation by its name, or the transformation itself. */
  transformation: z
    .union([z.string().min(1).max(100), z.record(z.string(), z.unknown())])
    .nullable()
    .optional(),
  /** `copy`: the event stays where it is, too. */
  mode: z.enum(['copy', 'move']).optional(),
  /** Whether later rules are looked at when this one has fired. */
  next: z.enum(['continue', 'stop']).optional(),
  /** Lower ones are looked at first. */
  priority: z.int().min(0).max(1_000_000).optional(),
  enabled: z.boolean().optional(),
};
const name = z.string().min(1).max(100);

/** `POST routing/rules`. */
export const newRuleSchema = z.strictObject({ name, ...settings }).meta({ id: 'NewRoutingRule' });

/** `PATCH routing/rules/{id}`: what is not named stays as it is, `null` takes away. */
export const ruleChangeSchema = newRuleSchema.partial().meta({ id: 'RoutingRuleChange' });

/** `POST routing/rules/order`. */
export const ruleOrderSchema = z
  .strictObject({ ids: z.array(z.string().min(1).max(100)).max(1_000) })
  .meta({ id: 'RoutingRuleOrder' });

export const ruleSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    source_pattern: z.string(),
    key_pattern: z.string().optional(),
    condition: z.record(z.string(), z.unknown()).optional(),
    target_topic: z.string(),
    routing_key_template: z.string().optional(),
    set_attributes: z.record(z.string(), attributeValue),
    set_priority: z.int().optional(),
    transformation: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    mode: z.enum(['copy', 'move']),
    next: z.enum(['continue', 'stop']),
    priority: z.int(),
    enabled: z.boolean(),
    revision: z.int(),
    created_at: z.string(),
  })
  .meta({ id: 'RoutingRule' });

export const ruleListSchema = z.object({ items: z.array(ruleSchema) }).meta({ id: 'RoutingRules' });

/** `POST routing/test`. */
export const routingTestSchema = z
  .strictObject({
    /** As it would be published. */
    event: z.record(z.string(), z.unknown()),
    /** Tried as if they were there, instead of rules of the same names. */
    rules: z.array(newRuleSchema).max(100).optional(),
  })
  .meta({ id: 'RoutingTest' });

const placeSchema = z.object({
  topic: z.string(),
  routing_key: z.string(),
  attributes: z.record(z.string(), attributeValue),
  /** As it would be stored. */
  event: z.unknown(),
});

export const routingExplanationSchema = z
  .object({
    event_id: z.string(),
    topic: z.string(),
    routing_key: z.string(),
    keeps_original: z.boolean(),
    copies: z.array(placeSchema),
    rules: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        priority: z.int(),
        /** The topic in which the rule looked at the event, and how often the event had been routed by then. */
        at: z.string(),
        hops: z.int(),
        outcome: z.enum(['fired', 'no_match', 'skipped', 'not_reached', 'disabled']),
        /** Of `fired` and, if it got that far, `skipped`. */
        target_topic: z.string().optional(),
        routing_key: z.string().optional(),
        /** Of `skipped`. */
        reason: z.string().optional(),
        placeholder: z.string().optional(),
        /** Of `no_match`: the first condition that does not hold. */
        failed: z.object({ path: z.string(), clause: z.unknown() }).optional(),
        /** What the event has there; absent if it has nothing. */
        value: z.unknown().optional(),
        /** Of `not_reached`: the rule that said stop. */
        stopped_by: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'RoutingExplanation' });

export type NewRuleInput = z.output<typeof newRuleSchema>;
export type RuleChangeInput = z.output<typeof ruleChangeSchema>;
export type RuleView = z.output<typeof ruleSchema>;
export type RoutingExplanationView = z.output<typeof routingExplanationSchema>;
