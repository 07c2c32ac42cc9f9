import { DistributionError, invalidRequest, type Problem } from '../errors/distribution-error.js';
import { parseFilter } from '../matching/filter-cel.js';
import { filterToJson } from '../matching/filter-json.js';
import { topicPatternProblem } from '../matching/topic-pattern.js';
import { type Permission, type Verb, VERBS } from './principal.js';

export const MAX_PERMISSIONS = 100;

/** A permission as REST, tokens and tables have it. */
export interface PermissionJson {
  readonly verbs: readonly Verb[];
  readonly topic_pattern: string;
  /** The filter tree, or its CEL text. */
  readonly constraint?: unknown;
}

const KEYS: readonly string[] = ['verbs', 'topic_pattern', 'constraint'];

/** `request.invalid` with every problem. */
export function parsePermissions(value: unknown, path = 'permissions'): Permission[] {
  if (!Array.isArray(value)) throw invalidRequest([{ path, rule: 'must be a list of permissions' }]);
  if (value.length > MAX_PERMISSIONS) {
    throw invalidRequest([{ path, rule: `must have at most ${MAX_PERMISSIONS} permissions` }]);
  }
  const problems: Problem[] = [];
  const permissions = value.map((one: unknown, index) => parsePermission(one, `${path}[${index}]`, problems));
  if (problems.length > 0) throw invalidRequest(problems);
  return permissions;
}

export function permissionToJson({ verbs, topicPattern, constraint }: Permission): PermissionJson {
  return {
    verbs,
    topic_pattern: topicPattern,
    ...(constraint === undefined ? {} : { constraint: filterToJson(constraint) }),
  };
}

function parsePermission(value: unknown, path: string, problems: Problem[]): Permission {
  const fields = typeof value === 'object' && value !== null ? (value as Partial<PermissionJson>) : {};
  if (fields !== value) problems.push({ path, rule: 'must be an object' });
  for (const key of Object.keys(fields)) {
    if (!KEYS.includes(key)) problems.push({ path: `${path}.${key}`, rule: 'must not be given' });
  }
  const pattern = fields.topic_pattern ?? '#';
  const problem = topicPatternProblem(pattern, `${path}.topic_pattern`);
  if (problem !== undefined) problems.push(problem);
  return {
    verbs: verbsOf(fields.verbs, `${path}.verbs`, problems),
    topicPattern: pattern,
    constraint: constraintOf(fields.constraint, `${path}.constraint`, problems),
  };
}

function verbsOf(value: unknown, path: string, problems: Problem[]): readonly Verb[] {
  const isVerb = (word: unknown): word is Verb => (VERBS as readonly unknown[]).includes(word);
  if (Array.isArray(value) && value.length > 0 && value.every(isVerb)) return [...new Set(value)];
  problems.push({ path, rule: `must be a list of at least one of ${VERBS.join(', ')}` });
  return [];
}

function constraintOf(value: unknown, path: string, problems: Problem[]): Permission['constraint'] {
  if (value === undefined || value === null) return undefined;
  try {
    return parseFilter(value, path);
  } catch (error) {
    if (!(error instanceof DistributionError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
