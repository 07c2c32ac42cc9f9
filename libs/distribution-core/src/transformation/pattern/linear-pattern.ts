import type { Meter } from '../meter.js';
import { parsePattern, PatternSyntaxError, type PatternTree, type Ranges } from './pattern-parser.js';

type Instruction =
  | { readonly op: 'set'; readonly ranges: Ranges; readonly isNegated: boolean; readonly next: number }
  | { readonly op: 'split'; readonly next: number; readonly other: number }
  | { readonly op: 'start' | 'end'; readonly next: number }
  | { readonly op: 'match' };

/** Repetitions are written out, so this bounds them, too. */
export const MAX_PATTERN_INSTRUCTIONS = 1000;
/** Instructions looked at that count as one step. */
const VISITS_PER_STEP = 16;
/** Of a class, that make a look at it count as one more: only long ones are found by a search that is felt. */
const RANGES_PER_VISIT = 32;

/**
 * A regular expression without back-tracking: all ways to match are followed at once (Thompson's construction), so a text
 * costs its length times the size of the pattern at most, and the meter is asked on the way.
 */
export class LinearPattern {
  private readonly program: readonly Instruction[];
  private readonly start: number;
  /** Marks of the instructions in the present list; a number of its own for each character, so nothing is cleared. */
  private readonly marks: Uint32Array;
  private mark = 0;
  private current: number[] = [];
  private following: number[] = [];
  private isMatched = false;
  private visits = 0;

  /** Throws {@link PatternSyntaxError}. */
  constructor(source: string) {
    const program: Instruction[] = [{ op: 'match' }];
    this.start = emit(parsePattern(source), 0, program);
    this.program = program;
    this.marks = new Uint32Array(program.length);
  }

  /** Whether it is found anywhere in the text. */
  test(text: string, meter: Meter): boolean {
    this.isMatched = false;
    // Two lists that change places; where the test before this one stopped is of no matter.
    this.current = [];
    this.following = [];
    this.visits = 0;
    let at = 0;
    for (;;) {
      const isEnd = at >= text.length;
      // The list holds what the last character led to; a match may begin at this place, too.
      this.nextMark();
      const reached = this.current;
      this.current = this.following;
      this.current.length = 0;
      for (const instruction of reached) this.follow(instruction, at === 0, isEnd);
      this.follow(this.start, at === 0, isEnd);
      if (this.isMatched) return true;
      if (isEnd) return false;
      const point = text.codePointAt(at) as number;
      at += point > 0xffff ? 2 : 1;
      const taken = reached;
      taken.length = 0;
      for (const place of this.current) {
        const instruction = this.program[place];
        if (instruction.op !== 'set') continue;
        this.visits += Math.floor(instruction.ranges.length / RANGES_PER_VISIT);
        if (contains(instruction.ranges, point) !== instruction.isNegated) taken.push(instruction.next);
      }
      this.visits += this.current.length + 1;
      if (this.visits >= VISITS_PER_STEP) {
        meter.step(Math.floor(this.visits / VISITS_PER_STEP));
        this.visits %= VISITS_PER_STEP;
      }
      this.following = this.current;
      this.current = taken;
    }
  }

  private nextMark(): void {
    if (this.mark === 0xffff_ffff) {
      this.marks.fill(0);
      this.mark = 0;
    }
    this.mark++;
  }

  /** Adds what an instruction leads to without a character. Each at most once a place, so loops of nothing end. */
  private follow(start: number, isStart: boolean, isEnd: boolean): void {
    const waiting = [start];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      this.visits++;
      if (this.marks[place] === this.mark) continue;
      this.marks[place] = this.mark;
      const instruction = this.program[place];
      switch (instruction.op) {
        case 'match':
          this.isMatched = true;
          return;
        case 'set':
          this.current.push(place);
          break;
        case 'split':
          waiting.push(instruction.next, instruction.other);
          break;
        case 'start':
          if (isStart) waiting.push(instruction.next);
          break;
        case 'end':
          if (isEnd) waiting.push(instruction.next);
      }
    }
  }
}

/** Writes the tree down from its end to its beginning. Returns where it begins; what it leads to is `next`. */
function emit(tree: PatternTree, next: number, program: Instruction[]): number {
  const add = (instruction: Instruction): number => {
    if (program.length >= MAX_PATTERN_INSTRUCTIONS) throw new PatternSyntaxError('repeats too much', 0);
    return program.push(instruction) - 1;
  };
  switch (tree.kind) {
    case 'empty':
      return next;
    case 'start':
    case 'end':
      return add({ op: tree.kind, next });
    case 'set':
      return add({ op: 'set', ranges: tree.ranges, isNegated: tree.isNegated, next });
    case 'sequence':
      return tree.parts.reduceRight((following, part) => emit(part, following, program), next);
    case 'choice':
      return tree.parts
        .map((part) => emit(part, next, program))
        .reduce((other, begin) => add({ op: 'split', next: begin, other }));
    case 'repeat': {
      let begin = next;
      if (tree.max === undefined) {
        // Its body leads back to it, so it has to have a place before its body is known.
        const loop = add({ op: 'match' });
        program[loop] = { op: 'split', next: emit(tree.of, loop, program), other: next };
        begin = loop;
      } else {
        for (let count = tree.min; count < tree.max; count++) {
          begin = add({ op: 'split', next: emit(tree.of, begin, program), other: next });
        }
      }
      for (let count = 0; count < tree.min; count++) {
        const written = program.length;
        begin = emit(tree.of, begin, program);
        // What writes nothing down is nothing however often, and no instruction bounds how often that is.
        if (program.length === written) break;
      }
      return begin;
    }
  }
}

/** Halves what is left each time, so that a long class costs no more than a few looks. */
function contains(ranges: Ranges, point: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = ranges[middle];
    if (point < from) high = middle - 1;
    else if (point > to) low = middle + 1;
    else return true;
  }
  return false;
}
