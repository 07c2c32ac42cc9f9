import { DistributionError } from '../errors/distribution-error.js';
import { compileTopicPattern } from '../matching/topic-pattern.js';
import type { Principal, Verb } from './principal.js';

/**
 * Whether any permission has the verb, and covers the topic if there is one. Constraints are not looked at: they say
 * which events of the topic, not whether. `topic` is the tenant's own name of it, never the catalog's.
 */
export function isPermitted(principal: Principal, verb: Verb, topic?: string): boolean {
  return principal.permissions.some(
    ({ verbs, topicPattern }) =>
      verbs.includes(verb) && (topic === undefined || compileTopicPattern(topicPattern).matches(topic)),
  );
}

/** `auth.forbidden` if it is not permitted. Says nothing about whether the topic exists. */
export function requirePermission(principal: Principal, verb: Verb, topic?: string): void {
  if (isPermitted(principal, verb, topic)) return;
  throw new DistributionError(
    'auth.forbidden',
    topic === undefined ? `this needs the permission to ${verb}` : `this needs the permission to ${verb} ${topic}`,
  );
}
