import { invalidRequest, type Problem } from '../errors/distribution-error.js';
import { brokenWordRule, matchesWords, REST } from './wildcards.js';

/** Over routing keys, as in an AMQP topic exchange: `*` is one word, `#` anywhere is any number of words, none included. */
export const KEY_SEPARATOR = '.';
export const ONE_WORD = '*';
export const MAX_KEY_PATTERN_LENGTH = 512;

export interface KeyPattern {
  readonly text: string;
  readonly words: readonly string[];
  /** Whether it names one routing key, without any wildcard. */
  readonly isExact: boolean;
  matches(routingKey: string): boolean;
}

/** An empty key has no words. */
export const wordsOf = (routingKey: string): string[] => (routingKey === '' ? [] : routingKey.split(KEY_SEPARATOR));

/** What is wrong with it, or undefined. */
export function keyPatternProblem(pattern: unknown, path: string): Problem | undefined {
  const broken = (rule: string): Problem => ({ path, rule });
  if (typeof pattern !== 'string') return broken('must be a string');
  if (pattern === '') return broken('must not be empty');
  if (pattern.length > MAX_KEY_PATTERN_LENGTH) return broken(`must be at most ${MAX_KEY_PATTERN_LENGTH} characters`);
  for (const word of wordsOf(pattern)) {
    const rule = brokenWordRule(word, ONE_WORD, 'word');
    if (rule !== undefined) return broken(rule);
  }
  return undefined;
}

/** `request.invalid` at `path` if it is not a pattern over routing keys. */
export function compileKeyPattern(pattern: string, path = 'key_pattern'): KeyPattern {
  const problem = keyPatternProblem(pattern, path);
  if (problem !== undefined) throw invalidRequest([problem]);
  const words = wordsOf(pattern);
  const isExact = !words.includes(ONE_WORD) && !words.includes(REST);
  return {
    text: pattern,
    words,
    isExact,
    matches: isExact ? (key) => key === pattern : (key) => matchesWords(words, ONE_WORD, wordsOf(key)),
  };
}
