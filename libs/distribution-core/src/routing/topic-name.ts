import { type Problem } from '../errors/distribution-error.js';
import { levelsOf, ONE_LEVEL, TENANT_MARK } from '../matching/topic-pattern.js';
import { REST } from '../matching/wildcards.js';

/** Of the catalog's name, the tenant's mark included: what its column holds. */
export const MAX_TOPIC_NAME_LENGTH = 200;

const CONTROL = /[\u0000-\u001f\u007f]/;

/** What is wrong with what a tenant wants to call a topic, or undefined. `qualified` is the catalog's name of it. */
export function topicNameProblem(name: string, qualified: string, path = 'name'): Problem | undefined {
  const broken = (rule: string): Problem => ({ path, rule });
  if (qualified.length > MAX_TOPIC_NAME_LENGTH) return broken(`must be at most ${MAX_TOPIC_NAME_LENGTH} characters`);
  if (CONTROL.test(name)) return broken('must not hold control characters');
  if (name.startsWith(TENANT_MARK)) return broken(`must not begin with "${TENANT_MARK}"`);
  for (const level of levelsOf(name)) {
    if (level === '') return broken('must be levels with a "/" between, none of them empty');
    if (level.includes(ONE_LEVEL) || level.includes(REST)) return broken('must not hold wildcards');
  }
  return undefined;
}
