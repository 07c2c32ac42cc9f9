import { fieldOf, isList, isObject, type Json, type JsonObject, setField } from './json-value.js';
import { type Meter, TransformationFailure } from './meter.js';
import type { ProblemList } from './problem-list.js';

/** `*` is any one field or item, `**` any number of levels, none included. */
export const ANY = Symbol('any');
export const DEEP = Symbol('deep');
export type Segment = string | typeof ANY | typeof DEEP;
export type EventPath = readonly Segment[];
/** Without wildcards. */
export type FieldPath = readonly string[];

export const MAX_PATH_LENGTH = 256;
const MAX_SEGMENTS = 16;
/** By it receivers recognise a copy, so no transformation touches it. */
export const EVENT_ID = 'event_id';
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const INDEX = /^\d{1,9}$/;
const SEGMENT = /\.?(?:`([^`]+)`|(\*\*|\*)|([^.`*\s]+))/uy;

/** `data.items.0.name`, `` data.`a.b` ``. Undefined, and a problem, if it is none, or names what must not be changed. */
export function fieldPath(text: unknown, at: string, problems: ProblemList, isTarget: boolean): FieldPath | undefined {
  const segments = eventPath(text, at, problems, isTarget);
  if (segments === undefined) return undefined;
  if (segments.every((segment) => typeof segment === 'string')) return segments;
  return problems.add(at, 'must name one field, without wildcards');
}

/** As {@link fieldPath}, with wildcards. */
export function eventPath(text: unknown, at: string, problems: ProblemList, isTarget: boolean): EventPath | undefined {
  if (typeof text !== 'string' || text === '' || text.length > MAX_PATH_LENGTH) {
    return problems.add(at, `must be a path of 1 to ${MAX_PATH_LENGTH} characters`);
  }
  const segments: Segment[] = [];
  SEGMENT.lastIndex = 0;
  while (SEGMENT.lastIndex < text.length) {
    const from = SEGMENT.lastIndex;
    const found = SEGMENT.exec(text);
    const hasDot = text[from] === '.';
    if (found === null || hasDot !== from > 0) return problems.add(at, 'must be names joined by "."');
    const [, quoted, wildcard, name] = found as readonly (string | undefined)[];
    segments.push(wildcard === undefined ? ((quoted ?? name) as string) : wildcard === '*' ? ANY : DEEP);
  }
  if (segments.length > MAX_SEGMENTS) return problems.add(at, `must have at most ${MAX_SEGMENTS} names`);
  if (segments[segments.length - 1] === DEEP) return problems.add(at, 'must have a name after "**"');
  if (segments.filter((segment) => segment === DEEP).length > 1) return problems.add(at, 'may have one "**"');
  if (isTarget && segments[0] === EVENT_ID) {
    return problems.add(at, 'event_id stays as it is: by it receivers recognise copies');
  }
  if (isTarget && segments.some((segment) => typeof segment === 'string' && FORBIDDEN.has(segment))) {
    return problems.add(at, 'must not name what belongs to JavaScript');
  }
  return segments;
}

/** Undefined for what is not there. */
export function readPath(event: JsonObject, path: FieldPath): Json | undefined {
  let value: Json | undefined = event;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = itemOf(value, name);
  }
  return value;
}

/** Makes the objects on the way that are not there. */
export function writePath(event: Record<string, Json>, path: FieldPath, value: Json): void {
  let at = event;
  for (const name of path.slice(0, -1)) {
    let next = fieldOf(at, name);
    if (next === undefined) {
      next = {};
      setField(at, name, next);
    }
    if (!isObject(next)) throw new TransformationFailure('expression', `${name} is not an object to put a field into`);
    at = next as Record<string, Json>;
  }
  setField(at, path[path.length - 1], value);
}

/** What a field becomes; undefined = it goes. */
export type Change = (value: Json) => Json | undefined;

/** Calls `change` for each field that the path names, and puts in what it answers. Items of a list that go leave `null`. */
export function changePath(event: Record<string, Json>, path: EventPath, meter: Meter, change: Change): void {
  changeIn(event, path, 0, 0, meter, change);
}

function changeIn(value: Json, path: EventPath, at: number, depth: number, meter: Meter, change: Change): void {
  meter.step();
  if (typeof value !== 'object' || value === null) return;
  meter.checkDepth(depth);
  const segment = path[at];
  if (segment === DEEP) {
    // Further down first: what is changed here is not looked into again.
    for (const name of namesOf(value)) {
      if (!isProtected(name, depth)) changeIn(itemOf(value, name) as Json, path, at, depth + 1, meter, change);
    }
    changeIn(value, path, at + 1, depth, meter, change);
    return;
  }
  for (const name of segment === ANY ? namesOf(value) : [segment]) {
    const found = itemOf(value, name);
    if (found === undefined || isProtected(name, depth)) continue;
    if (at === path.length - 1) put(value, name, change(found));
    else changeIn(found, path, at + 1, depth + 1, meter, change);
  }
}

const isProtected = (name: string, depth: number): boolean => depth === 0 && name === EVENT_ID;

const namesOf = (value: readonly Json[] | JsonObject): string[] => Object.keys(value);

function itemOf(value: readonly Json[] | JsonObject, name: string): Json | undefined {
  if (isObject(value)) return fieldOf(value, name);
  return isList(value) && INDEX.test(name) ? value[Number(name)] : undefined;
}

function put(container: readonly Json[] | JsonObject, name: string, value: Json | undefined): void {
  if (isList(container)) (container as Json[])[Number(name)] = value ?? null;
  else if (value === undefined) delete (container as Record<string, Json>)[name];
  else setField(container as Record<string, Json>, name, value);
}
