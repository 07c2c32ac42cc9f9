/**
 * What patterns over topics and over routing keys have in common: words, a token for exactly one word and `#` for any
 * number of words, none included.
 */
export const REST = '#';

/** Linear in the words but for the last `#`, which is tried again further on: at most pattern length × words steps. */
export function matchesWords(pattern: readonly string[], single: string, words: readonly string[]): boolean {
  let at = 0;
  let word = 0;
  let restAt = -1;
  let restWord = 0;
  while (word < words.length) {
    if (at < pattern.length && pattern[at] === REST) {
      restAt = at++;
      restWord = word;
    } else if (at < pattern.length && (pattern[at] === single || pattern[at] === words[word])) {
      at++;
      word++;
    } else if (restAt >= 0) {
      at = restAt + 1;
      word = ++restWord;
    } else {
      return false;
    }
  }
  while (at < pattern.length && pattern[at] === REST) at++;
  return at === pattern.length;
}

const WHITESPACE_OR_CONTROL = /[\s\p{Cc}]/u;

/** The first rule that every word of a pattern must keep and that this one breaks. */
export function brokenWordRule(word: string, single: string, noun: string): string | undefined {
  if (word === '') return `must not have an empty ${noun}`;
  if (word === single || word === REST) return undefined;
  if (word.includes(single) || word.includes(REST)) return `"${single}" and "${REST}" must stand for a whole ${noun}`;
  if (WHITESPACE_OR_CONTROL.test(word)) return 'must not contain white space or control characters';
  return undefined;
}
