import type { Problem } from '../../errors/distribution-error.js';
import { KEY_SEPARATOR, keyPatternProblem, compileKeyPattern } from '../../matching/key-pattern.js';
import type { AttributeReader } from '../../matching/matcher.js';
import { compileTopicPattern, levelsOf, TENANT_MARK, topicPatternProblem } from '../../matching/topic-pattern.js';
import { RULE_LIMITS } from './routing-rule.js';

/** What stands between `${` and `}`. */
export interface Placeholder {
  readonly text: string;
  /** An attribute, `topic`, `topic[n]`, `routing_key`, `key[n]`, or a path into the payload. */
  readonly name: string;
  readonly change: 'lower' | 'upper' | undefined;
}

export type Rendered =
  | { readonly isWhole: true; readonly text: string }
  /** Why there is no text: `missing`: the event has no such value; `unfit`: with this value it is no topic or key. */
  | {
      readonly isWhole: false;
      readonly reason: 'missing' | 'unfit';
      readonly placeholder: string;
      readonly value: unknown;
    };

export type TemplateKind = 'topic' | 'routing_key';

export interface Template {
  readonly kind: TemplateKind;
  readonly text: string;
  /** Texts and placeholders, in order. */
  readonly parts: readonly (string | Placeholder)[];
  readonly isLiteral: boolean;
}

const MAX_LENGTH = { topic: 200, routing_key: 512 } as const satisfies Record<TemplateKind, number>;
const PLACEHOLDER = /\$\{([^{}]*)\}/g;
const NAME = /^(?:(?:topic|key)\[(?:0|[1-9]\d?)\]|[A-Za-z_][A-Za-z0-9_.-]*)$/;
const INDEXED = /^(topic|key)\[(\d+)\]$/;
const WHOLE_TOPIC_BESIDE_TEXT = /[^/]\$\{\s*topic\s*(?:\|[^{}]*)?\}|\$\{\s*topic\s*(?:\|[^{}]*)?\}[^/]/;
/** What a text may be made of wherever a placeholder stands: a value that any level or word can have. */
const SPECIMEN = 'x';

/** What is wrong with the text of a template; none if nothing is. */
export function templateProblems(text: unknown, kind: TemplateKind, path: string): Problem[] {
  const broken = (rule: string): Problem[] => [{ path, rule }];
  if (typeof text !== 'string') return broken('must be a string');
  if (text.length === 0 || text.length > RULE_LIMITS.templateLength) {
    return broken(`must have 1 to ${RULE_LIMITS.templateLength} characters`);
  }
  const problems: Problem[] = [];
  for (const [whole, inside] of text.matchAll(PLACEHOLDER)) {
    const { name, change } = splitPlaceholder(inside);
    if (!NAME.test(name)) {
      problems.push({ path, rule: `${whole} must name an attribute, topic, topic[n], routing_key or key[n]` });
    } else if (change !== undefined && change !== 'lower' && change !== 'upper') {
      problems.push({ path, rule: `${whole} may be changed by |lower or |upper only` });
    } else if (name === 'topic' && kind === 'routing_key') {
      problems.push({ path, rule: '${topic} has several levels: name one of them, ${topic[n]}' });
    }
  }
  if (kind === 'topic' && WHOLE_TOPIC_BESIDE_TEXT.test(text)) {
    problems.push({ path, rule: '${topic} must stand for whole levels, between slashes' });
  }
  const specimen = text.replace(PLACEHOLDER, SPECIMEN);
  if (specimen.includes('${')) problems.push({ path, rule: 'must close every "${" by "}"' });
  else problems.push(...textProblems(specimen, kind, path));
  return problems;
}

/** To be called with a text that has no problems. */
export function compileTemplate(text: string, kind: TemplateKind): Template {
  const parts: (string | Placeholder)[] = [];
  let at = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    const { name, change } = splitPlaceholder(match[1]);
    parts.push({ text: match[0], name, change: change as Placeholder['change'] });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return { kind, text, parts, isLiteral: parts.every((part) => typeof part === 'string') };
}

/** `topic` is the tenant's name of where the event is. A value never adds a level, so it cannot leave its place. */
export function render(template: Template, topic: string, read: AttributeReader): Rendered {
  if (template.isLiteral) return { isWhole: true, text: template.text };
  let text = '';
  let last: Rendered & { isWhole: false } = { isWhole: false, reason: 'unfit', placeholder: '', value: undefined };
  for (const part of template.parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = valueOf(part.name, topic, read);
    last = { isWhole: false, reason: 'unfit', placeholder: part.text, value };
    if (value === undefined || typeof value === 'object') return { ...last, reason: 'missing' };
    const word = changed(String(value), part.change);
    const isOnePlace = template.kind !== 'topic' || part.name === 'topic' || !word.includes('/');
    if (!isOnePlace || word === '') return last;
    text += word;
  }
  return textProblems(text, template.kind, '').length > 0 ? last : { isWhole: true, text };
}

/** What is wrong with a finished topic or key. */
function textProblems(text: string, kind: TemplateKind, path: string): Problem[] {
  const problem = kind === 'topic' ? topicPatternProblem(text, path) : keyPatternProblem(text, path);
  if (problem !== undefined) return [problem];
  const { isExact } = kind === 'topic' ? compileTopicPattern(text) : compileKeyPattern(text);
  if (!isExact) return [{ path, rule: 'must not have a wildcard' }];
  if (text.length > MAX_LENGTH[kind]) return [{ path, rule: `must be at most ${MAX_LENGTH[kind]} characters` }];
  return kind === 'topic' && text.startsWith(TENANT_MARK)
    ? [{ path, rule: `must not begin with "${TENANT_MARK}"` }]
    : [];
}

function valueOf(name: string, topic: string, read: AttributeReader): unknown {
  const [, list, index] = INDEXED.exec(name) ?? [];
  if (list === 'topic') return levelsOf(topic)[Number(index)];
  if (list === 'key') return String(read('routing_key')).split(KEY_SEPARATOR)[Number(index)];
  return name === 'topic' ? topic : read(name);
}

function splitPlaceholder(inside: string): { name: string; change: string | undefined } {
  const bar = inside.indexOf('|');
  return bar < 0
    ? { name: inside.trim(), change: undefined }
    : { name: inside.slice(0, bar).trim(), change: inside.slice(bar + 1).trim() };
}

function changed(text: string, change: Placeholder['change']): string {
  if (change === undefined) return text;
  return change === 'lower' ? text.toLowerCase() : text.toUpperCase();
}
