import { invalidRequest, type Problem } from '../errors/distribution-error.js';

export type Fields = Readonly<Record<string, unknown>>;

/** More than anybody reads, few enough for a reply. */
const MAX_PROBLEMS = 100;

/** Gathers everything that is wrong with a definition while it is read, each with its path. */
export class ProblemList {
  readonly problems: Problem[] = [];

  add(path: string, rule: string): undefined {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ path, rule });
    return undefined;
  }

  /** Undefined, and a problem, unless it is an object that has no other fields than these. */
  fields(value: unknown, path: string, known?: readonly string[]): Fields | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.add(path, 'must be an object');
    for (const name of Object.keys(value)) {
      if (known !== undefined && !known.includes(name)) this.add(joined(path, name), 'is not known here');
    }
    return value as Fields;
  }

  /** The entries of an object whose names the client chose. */
  entries(value: unknown, path: string, max: number): (readonly [name: string, value: unknown])[] {
    const fields = this.fields(value, path);
    const entries = Object.entries(fields ?? {});
    if (fields !== undefined && (entries.length === 0 || entries.length > max)) {
      this.add(path, `must have 1 to ${max} entries`);
      return [];
    }
    return entries;
  }

  list(value: unknown, path: string, max: number): readonly unknown[] {
    if (!Array.isArray(value) || value.length === 0 || value.length > max) {
      this.add(path, `must be a list of 1 to ${max}`);
      return [];
    }
    return value;
  }

  oneOf<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word | undefined {
    if ((words as readonly unknown[]).includes(value)) return value as Word;
    return this.add(path, `must be one of ${words.join(', ')}`);
  }

  text(value: unknown, path: string, maxLength: number): string | undefined {
    if (typeof value === 'string' && value.length > 0 && value.length <= maxLength) return value;
    return this.add(path, `must be a text of 1 to ${maxLength} characters`);
  }

  throwIfAny(): void {
    if (this.problems.length > 0) throw invalidRequest(this.problems);
  }
}

/** Clients choose names, and each of many problems says some: of a long one, this much is enough. */
const MAX_NAME_LENGTH = 100;

export const joined = (path: string, name: string): string => {
  const short = name.slice(0, MAX_NAME_LENGTH);
  const shown = /^\w+$/.test(short) ? `.${short}` : `[${JSON.stringify(short)}]`;
  return path === '' && shown.startsWith('.') ? shown.slice(1) : path + shown;
};
