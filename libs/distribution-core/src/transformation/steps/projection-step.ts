import { MAX_ENTRIES } from '../definition.js';
import { changePath, DEEP, EVENT_ID, type EventPath, eventPath } from '../event-path.js';
import { fieldOf, isList, isObject, type Json, setField } from '../json-value.js';
import type { Meter } from '../meter.js';
import type { StepCompiler, StepSurroundings } from './step.js';

/** The named fields go. */
export const dropStep: StepCompiler = (input, path, around) => {
  const paths = pathsOf(input, path, around);
  return ({ event, meter }) => {
    for (const dropped of paths) changePath(event, dropped, meter, () => undefined);
    return undefined;
  };
};

/** Only the named fields stay, and `event_id`. */
export const keepStep: StepCompiler = (input, path, around) => {
  const paths = pathsOf(input, path, around, false);
  if (paths.some((kept) => kept.includes(DEEP))) around.problems.add(path, 'must not have "**"');
  const root = newNode();
  for (const kept of [[EVENT_ID], ...paths]) addPath(root, kept);
  spread(root);
  return ({ event, meter }) => {
    const kept = project(event, root, meter, 0);
    for (const name of Object.keys(event)) delete event[name];
    if (isObject(kept)) for (const name of Object.keys(kept)) setField(event, name, kept[name]);
    return undefined;
  };
};

export function pathsOf(input: unknown, path: string, { problems }: StepSurroundings, isTarget = true): EventPath[] {
  return problems
    .list(input, path, MAX_ENTRIES)
    .map((text, index) => eventPath(text, `${path}[${index}]`, problems, isTarget))
    .filter((found) => found !== undefined);
}

interface Node {
  isWhole: boolean;
  readonly names: Map<string, Node>;
  any: Node | undefined;
}

const newNode = (): Node => ({ isWhole: false, names: new Map(), any: undefined });

function addPath(root: Node, path: EventPath): void {
  let node = root;
  for (const segment of path) {
    if (typeof segment === 'string') {
      const next = node.names.get(segment) ?? newNode();
      node.names.set(segment, next);
      node = next;
    } else {
      node = node.any ??= newNode();
    }
  }
  node.isWhole = true;
}

/** What `*` keeps of a field is kept of the named ones too, so that one look at a field is enough. */
function spread(node: Node): void {
  if (node.any !== undefined) for (const named of node.names.values()) merge(named, node.any);
  for (const child of node.names.values()) spread(child);
  if (node.any !== undefined) spread(node.any);
}

function merge(into: Node, from: Node): void {
  into.isWhole ||= from.isWhole;
  for (const [name, child] of from.names) {
    const known = into.names.get(name) ?? newNode();
    into.names.set(name, known);
    merge(known, child);
  }
  if (from.any !== undefined) merge((into.any ??= newNode()), from.any);
}

function project(value: Json, node: Node, meter: Meter, depth: number): Json | undefined {
  meter.step();
  if (node.isWhole) return value;
  meter.checkDepth(depth);
  if (isList(value)) {
    const items = value.map((item, index) => {
      const child = node.names.get(String(index)) ?? node.any;
      return child === undefined ? undefined : project(item, child, meter, depth + 1);
    });
    return items.filter((item) => item !== undefined);
  }
  if (!isObject(value)) return undefined;
  const kept: Record<string, Json> = {};
  const names = node.any === undefined ? node.names.keys() : Object.keys(value);
  for (const name of names) {
    const child = node.names.get(name) ?? node.any;
    const found = fieldOf(value, name);
    if (child === undefined || found === undefined) continue;
    const part = project(found, child, meter, depth + 1);
    if (part !== undefined) setField(kept, name, part);
  }
  return kept;
}
