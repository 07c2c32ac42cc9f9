import { invalidRequest, type Problem } from '../errors/distribution-error.js';
import { brokenWordRule, matchesWords, REST } from './wildcards.js';

/**
 * Over topics, as in MQTT: `+` is one level, `#` at the end is the rest, none included (`a/#` matches `a`). As `$SYS`
 * there, a first level that begins with `@` is a tenant's and is matched by its name only, never by a wildcard.
 */
export const TOPIC_SEPARATOR = '/';
export const ONE_LEVEL = '+';
export const TENANT_MARK = '@';
export const MAX_TOPIC_PATTERN_LENGTH = 512;

export interface TopicPattern {
  readonly text: string;
  readonly levels: readonly string[];
  /** Whether it names one topic, without any wildcard. */
  readonly isExact: boolean;
  matches(topic: string): boolean;
}

export const levelsOf = (topic: string): string[] => topic.split(TOPIC_SEPARATOR);

/** Whether a first level is out of the wildcards' reach. */
export const isMarked = (level: string): boolean => level.startsWith(TENANT_MARK);

const SET_APART = '/dead-letters';

/** Dead letters are selected by their topic's whole name only: what `#` failed to be given must not come back to it. */
export const isSetApart = (topic: string): boolean => topic.endsWith(SET_APART);

/** What is wrong with it, or undefined. */
export function topicPatternProblem(pattern: unknown, path: string): Problem | undefined {
  const broken = (rule: string): Problem => ({ path, rule });
  if (typeof pattern !== 'string') return broken('must be a string');
  if (pattern === '') return broken('must not be empty');
  if (pattern.length > MAX_TOPIC_PATTERN_LENGTH) {
    return broken(`must be at most ${MAX_TOPIC_PATTERN_LENGTH} characters`);
  }
  const levels = levelsOf(pattern);
  for (const level of levels) {
    const rule = brokenWordRule(level, ONE_LEVEL, 'level');
    if (rule !== undefined) return broken(rule);
  }
  const rest = levels.indexOf(REST);
  return rest >= 0 && rest < levels.length - 1 ? broken(`"${REST}" must be the last level`) : undefined;
}

/** `request.invalid` at `path` if it is not a topic pattern. */
export function compileTopicPattern(pattern: string, path = 'pattern'): TopicPattern {
  const problem = topicPatternProblem(pattern, path);
  if (problem !== undefined) throw invalidRequest([problem]);
  const levels = levelsOf(pattern);
  const isExact = !levels.includes(ONE_LEVEL) && !levels.includes(REST);
  return {
    text: pattern,
    levels,
    isExact,
    matches: isExact ? (topic) => topic === pattern : (topic) => matchesLevels(levels, topic),
  };
}

function matchesLevels(levels: readonly string[], topic: string): boolean {
  if (isMarked(topic) && (levels[0] === ONE_LEVEL || levels[0] === REST)) return false;
  return matchesWords(levels, ONE_LEVEL, levelsOf(topic));
}

/** The pattern of what both match; undefined if no topic can. Both are patterns already. */
export function intersectionOf(one: string, other: string): string | undefined {
  const a = levelsOf(one);
  const b = levelsOf(other);
  // A wildcard does not reach a marked first level.
  if (a[0] !== b[0] && (isMarked(a[0]) || isMarked(b[0]))) return undefined;
  const both: string[] = [];
  for (let at = 0; ; at++) {
    if (a[at] === REST) return [...both, ...b.slice(at)].join(TOPIC_SEPARATOR) || undefined;
    if (b[at] === REST) return [...both, ...a.slice(at)].join(TOPIC_SEPARATOR) || undefined;
    if (at === a.length || at === b.length) {
      return a.length === b.length ? both.join(TOPIC_SEPARATOR) : undefined;
    }
    if (a[at] === ONE_LEVEL) both.push(b[at]);
    else if (b[at] === ONE_LEVEL || a[at] === b[at]) both.push(a[at]);
    else return undefined;
  }
}
