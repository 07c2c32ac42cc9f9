/** What is wrong with a pattern, and the character where. */
export class PatternSyntaxError extends Error {
  constructor(
    readonly rule: string,
    readonly at: number,
  ) {
    super(rule);
  }
}

/** Code points, both ends included. */
export type Range = readonly [from: number, to: number];

/** In order, and apart from each other. */
export type Ranges = readonly Range[];

export type PatternTree =
  | { readonly kind: 'empty' }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'set'; readonly ranges: Ranges; readonly isNegated: boolean }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternTree[] }
  /** `max` undefined: any number. */
  | { readonly kind: 'repeat'; readonly of: PatternTree; readonly min: number; readonly max: number | undefined };

export const MAX_PATTERN_LENGTH = 512;
const MAX_NESTING = 16;
const MAX_REPEAT = 1000;

const DIGITS: Ranges = [[0x30, 0x39]];
const WORD: Ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const SPACE: Ranges = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x2028, 0x2029],
  [0xfeff, 0xfeff],
];
const CLASSES: Readonly<Record<string, Ranges>> = { d: DIGITS, w: WORD, s: SPACE };
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b };
const LINE_ENDS: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];

/**
 * What RE2 and JavaScript have in common, less what cannot be matched in one pass: no look-around, no back references.
 * Throws {@link PatternSyntaxError}.
 */
export function parsePattern(text: string): PatternTree {
  if (text.length > MAX_PATTERN_LENGTH) {
    throw new PatternSyntaxError(`must be at most ${MAX_PATTERN_LENGTH} characters`, 0);
  }
  return new PatternParser([...text]).parse();
}

class PatternParser {
  private at = 0;
  private nesting = 0;

  constructor(private readonly characters: readonly string[]) {}

  parse(): PatternTree {
    const tree = this.choice();
    if (this.at < this.characters.length) throw this.wrong('")" without "("');
    return tree;
  }

  private get next(): string | undefined {
    return this.characters[this.at];
  }

  private choice(): PatternTree {
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    return parts.length === 1 ? parts[0] : { kind: 'choice', parts };
  }

  private sequence(): PatternTree {
    const parts: PatternTree[] = [];
    while (this.next !== undefined && this.next !== '|' && this.next !== ')') parts.push(this.repeated());
    return parts.length === 1 ? parts[0] : parts.length === 0 ? { kind: 'empty' } : { kind: 'sequence', parts };
  }

  private repeated(): PatternTree {
    const of = this.single();
    const counts = this.quantifier();
    if (counts === undefined) return of;
    const [min, max] = counts;
    // Which of several matches is found makes no difference to whether there is one.
    this.take('?');
    if (this.next !== undefined && '*+?{'.includes(this.next)) throw this.wrong('one repetition after another');
    return { kind: 'repeat', of, min, max };
  }

  private quantifier(): readonly [min: number, max: number | undefined] | undefined {
    if (this.take('*')) return [0, undefined];
    if (this.take('+')) return [1, undefined];
    if (this.take('?')) return [0, 1];
    if (!this.take('{')) return undefined;
    const min = this.count();
    const hasComma = this.take(',');
    const max = hasComma ? (this.next === '}' ? undefined : this.count()) : min;
    if (!this.take('}') || (max !== undefined && max < min)) throw this.wrong('must be {n}, {n,} or {n,m}');
    return [min, max];
  }

  private count(): number {
    let digits = '';
    while (this.next !== undefined && /\d/.test(this.next) && digits.length < 5) digits += this.characters[this.at++];
    if (digits === '' || Number(digits) > MAX_REPEAT) throw this.wrong(`must be a number up to ${MAX_REPEAT}`);
    return Number(digits);
  }

  private single(): PatternTree {
    const character = this.characters[this.at++];
    switch (character) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'set', ranges: LINE_ENDS, isNegated: true };
      case '(':
        return this.group();
      case '[':
        return this.set();
      case '\\':
        return this.escape();
      case '*':
      case '+':
      case '?':
      case '{':
        this.at--;
        throw this.wrong(`"${character}" without what it repeats`);
      case ']':
      case '}':
        throw this.wrong(`"${character}" must be written \\${character}`);
      default:
        return literal(character.codePointAt(0) as number);
    }
  }

  private group(): PatternTree {
    if (++this.nesting > MAX_NESTING) throw this.wrong(`must be nested at most ${MAX_NESTING} deep`);
    if (this.take('?') && !this.take(':')) throw this.wrong('look-around and named groups are not available');
    const tree = this.choice();
    if (!this.take(')')) throw this.wrong('"(" without ")"');
    this.nesting--;
    return tree;
  }

  private escape(): PatternTree {
    const found = this.escaped();
    if (typeof found === 'number') return literal(found);
    return { kind: 'set', ranges: found.ranges, isNegated: found.isNegated };
  }

  private escaped(): number | { readonly ranges: Ranges; readonly isNegated: boolean } {
    const character = this.characters[this.at++] as string | undefined;
    if (character === undefined) throw this.wrong('"\\" at the end');
    const ranges = CLASSES[character.toLowerCase()] as Ranges | undefined;
    if (ranges !== undefined) return { ranges, isNegated: character !== character.toLowerCase() };
    if (Object.hasOwn(CONTROLS, character)) return CONTROLS[character];
    if (/[A-Za-z0-9]/.test(character)) throw this.wrong(`\\${character} is not available`);
    return character.codePointAt(0) as number;
  }

  private set(): PatternTree {
    const isNegated = this.take('^');
    const ranges: Range[] = [];
    while (this.next !== ']') {
      const from = this.member();
      if (typeof from !== 'number') {
        if (from.isNegated) throw this.wrong('classes in capitals are not available in "[]"');
        ranges.push(...from.ranges);
        continue;
      }
      if (this.next !== '-' || this.characters[this.at + 1] === ']') {
        ranges.push([from, from]);
        continue;
      }
      this.at++;
      const to = this.member();
      if (typeof to !== 'number' || to < from) throw this.wrong('a range that ends before it begins');
      ranges.push([from, to]);
    }
    this.at++;
    return { kind: 'set', ranges: inOrder(ranges), isNegated };
  }

  private member() {
    const character = this.characters[this.at++] as string | undefined;
    if (character === undefined) throw this.wrong('"[" without "]"');
    return character === '\\' ? this.escaped() : (character.codePointAt(0) as number);
  }

  private take(character: string): boolean {
    if (this.next !== character) return false;
    this.at++;
    return true;
  }

  private wrong(rule: string): PatternSyntaxError {
    return new PatternSyntaxError(rule, this.at);
  }
}

const literal = (point: number): PatternTree => ({ kind: 'set', ranges: [[point, point]], isNegated: false });

function inOrder(ranges: readonly Range[]): Ranges {
  const ordered: [from: number, to: number][] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = ordered.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else ordered.push([from, to]);
  }
  return ordered;
}
