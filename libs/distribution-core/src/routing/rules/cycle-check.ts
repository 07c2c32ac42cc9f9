import { qualifyPattern } from '../../access/tenancy.js';
import { PatternTrie } from '../../matching/pattern-trie.js';
import { isMarked, levelsOf, ONE_LEVEL } from '../../matching/topic-pattern.js';
import { REST } from '../../matching/wildcards.js';
import type { RoutingRule } from './routing-rule.js';
import { compileTemplate, type Placeholder } from './template.js';

/** One level of what a template may become: a text, anything that begins and ends so, or any number of levels. */
type Level =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'any'; readonly start: string; readonly end: string }
  | { readonly kind: 'rest' };

/**
 * The names of rules that might route an event round in a circle, in order; undefined if none do. Careful to a fault: it
 * looks at patterns and templates only, so conditions that exclude each other are no excuse.
 */
export function findCycle(rules: readonly RoutingRule[]): readonly string[] | undefined {
  const active = rules.filter(({ enabled }) => enabled);
  const sources = new SourceIndex(active);
  const nexts: (readonly number[] | undefined)[] = [];
  const nextOf = (index: number): readonly number[] => (nexts[index] ??= sources.metBy(active[index]));
  const state = new Uint8Array(active.length);
  for (let start = 0; start < active.length; start++) {
    const cycle = state[start] === UNSEEN ? cycleFrom(start, nextOf, state) : undefined;
    if (cycle !== undefined) return cycle.map((index) => active[index].name);
  }
  return undefined;
}

/** Which rules look at what a rule makes. A target that is a text asks the trie; an open one is held against each pattern. */
class SourceIndex {
  private readonly trie = new PatternTrie<number>(ONE_LEVEL, isMarked);
  private readonly ofTenant = new Map<string, { readonly index: number; readonly levels: readonly Level[] }[]>();

  constructor(rules: readonly RoutingRule[]) {
    rules.forEach(({ tenant, sourcePattern }, index) => {
      const levels = levelsOf(qualifyPattern(tenant, sourcePattern));
      this.trie.add(levels, index);
      const entry = { index, levels: levels.map(patternLevel) };
      const known = this.ofTenant.get(tenant);
      if (known === undefined) this.ofTenant.set(tenant, [entry]);
      else known.push(entry);
    });
  }

  metBy(rule: RoutingRule): readonly number[] {
    const target = targetLevels(rule);
    const texts = target.flatMap((level) => (level.kind === 'text' ? [level.text] : []));
    if (texts.length < target.length) {
      const all = this.ofTenant.get(rule.tenant) ?? [];
      return all.filter(({ levels }) => canMeet(target, levels)).map(({ index }) => index);
    }
    const found = new Set<number>();
    this.trie.collect(texts, (index) => found.add(index));
    return [...found];
  }
}

const UNSEEN = 0;
const OPEN = 1;
const DONE = 2;

/** Depth first, without recursion: there may be thousands of rules in a row. */
function cycleFrom(
  start: number,
  nextOf: (index: number) => readonly number[],
  state: Uint8Array,
): readonly number[] | undefined {
  const path: { readonly index: number; at: number }[] = [{ index: start, at: 0 }];
  state[start] = OPEN;
  while (path.length > 0) {
    const top = path[path.length - 1];
    const next = nextOf(top.index)[top.at++];
    if (next === undefined) {
      state[top.index] = DONE;
      path.pop();
    } else if (state[next] === OPEN) {
      return path.slice(path.findIndex(({ index }) => index === next)).map(({ index }) => index);
    } else if (state[next] === UNSEEN) {
      state[next] = OPEN;
      path.push({ index: next, at: 0 });
    }
  }
  return undefined;
}

const textLevel = (text: string): Level => ({ kind: 'text', text });
const ANY: Level = { kind: 'any', start: '', end: '' };
const REST_LEVEL: Level = { kind: 'rest' };

function patternLevel(level: string): Level {
  if (level === REST) return REST_LEVEL;
  return level === ONE_LEVEL ? ANY : textLevel(level);
}

/** The template's levels; of what it takes over from the source topic, as much as the source pattern says. */
function targetLevels(rule: RoutingRule): Level[] {
  const source = levelsOf(rule.sourcePattern).map(patternLevel);
  const levels: Level[] = [];
  let texts: (string | undefined)[] = [];
  const closeLevel = () => {
    if (texts.length === 0) return;
    if (texts.every((text) => text !== undefined)) levels.push(textLevel(texts.join('')));
    else levels.push({ kind: 'any', start: texts[0] ?? '', end: texts[texts.length - 1] ?? '' });
    texts = [];
  };
  for (const part of compileTemplate(rule.targetTopic, 'topic').parts) {
    if (typeof part === 'string') {
      levelsOf(part).forEach((text, at) => {
        if (at > 0) closeLevel();
        if (text !== '') texts.push(text);
      });
    } else if (part.name === 'topic') {
      // It stands alone between slashes: templates are refused otherwise.
      levels.push(...(part.change === undefined ? source : [REST_LEVEL]));
    } else {
      texts.push(knownText(part, source));
    }
  }
  closeLevel();
  const ofTenant = levelsOf(qualifyPattern(rule.tenant, 'x')).slice(0, -1);
  return [...ofTenant.map(textLevel), ...levels];
}

/** What a placeholder will become, if the source pattern says it. */
function knownText({ name, change }: Placeholder, source: readonly Level[]): string | undefined {
  const index = /^topic\[(\d+)\]$/.exec(name)?.[1];
  if (index === undefined || change !== undefined) return undefined;
  const level = levelAt(source, Number(index));
  return level?.kind === 'text' ? level.text : undefined;
}

function levelAt(source: readonly Level[], index: number): Level | undefined {
  const rest = source.findIndex(({ kind }) => kind === 'rest');
  return rest >= 0 && index >= rest ? undefined : source[index];
}

/** Whether some topic fits both. Each pair of places is looked at once, so that several "rest" levels cost no more. */
function canMeet(a: readonly Level[], b: readonly Level[]): boolean {
  const width = b.length + 1;
  const refused = new Uint8Array((a.length + 1) * width);
  const meet = (i: number, j: number): boolean => {
    if (refused[i * width + j] === 1) return false;
    const found = meetFrom(i, j);
    if (!found) refused[i * width + j] = 1;
    return found;
  };
  const meetFrom = (i: number, j: number): boolean => {
    const one = a[i] as Level | undefined;
    const other = b[j] as Level | undefined;
    if (one?.kind === 'rest') return meet(i + 1, j) || (other !== undefined && meet(i, j + 1));
    if (other?.kind === 'rest') return meet(i, j + 1) || (one !== undefined && meet(i + 1, j));
    if (one === undefined || other === undefined) return one === other;
    return levelsMeet(one, other) && meet(i + 1, j + 1);
  };
  return meet(0, 0);
}

type OneLevel = Exclude<Level, { kind: 'rest' }>;

function levelsMeet(a: OneLevel, b: OneLevel): boolean {
  if (a.kind === 'text') return b.kind === 'text' ? a.text === b.text : fits(a.text, b);
  if (b.kind === 'text') return fits(b.text, a);
  return startsMeet(a.start, b.start) && endsMeet(a.end, b.end);
}

const fits = (text: string, any: OneLevel & { kind: 'any' }): boolean =>
  text.startsWith(any.start) && text.endsWith(any.end);
const startsMeet = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);
const endsMeet = (a: string, b: string): boolean => a.endsWith(b) || b.endsWith(a);
