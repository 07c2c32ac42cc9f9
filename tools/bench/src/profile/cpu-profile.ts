/** A profile as V8 writes it (`--cpu-prof`): which function ran at each sample, and for how long. Times in microseconds. */
export interface CpuProfile {
  /** `children`: the ids of those that it called. */
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface CallFrame {
  readonly functionName: string;
  /** Empty: V8 itself, or what Node has in C++. */
  readonly url: string;
}

/** Seconds since the profile began. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface AreaTime {
  readonly area: string;
  readonly seconds: number;
}

export interface TimeByArea {
  /** Of the thread, waiting or not. */
  readonly seconds: number;
  readonly busySeconds: number;
  /** What it was busy with, the longest first. */
  readonly areas: readonly AreaTime[];
}

const ROOT = '(root)';
const IDLE = '(idle)';

/** Time in functions themselves, without what they called, by where the functions are from. */
export function timeByArea(profile: CpuProfile, stretch: Stretch): TimeByArea {
  const areaOfNode = new Map(profile.nodes.map(({ id, callFrame }) => [id, [areaOf(callFrame)]]));
  return timeBy(profile, stretch, (node) => areaOfNode.get(node) ?? [IDLE]);
}

/** Time in functions and all that they called, by function: one that calls itself counts once. */
export function timeByFunction(profile: CpuProfile, stretch: Stretch): TimeByArea {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const callers = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const onStack = new Map<number, readonly string[]>();
  const namesAt = (id: number): readonly string[] => {
    const known = onStack.get(id);
    if (known !== undefined) return known;
    const caller = callers.get(id);
    const names = new Set(caller === undefined ? [] : namesAt(caller));
    const callFrame = nodes.get(id)?.callFrame;
    if (callFrame !== undefined && callFrame.functionName !== ROOT) names.add(nameOf(callFrame));
    onStack.set(id, [...names]);
    return [...names];
  };
  return timeBy(profile, stretch, namesAt);
}

/** Each sample counts for all names of its node. */
function timeBy(profile: CpuProfile, stretch: Stretch, namesOf: (node: number) => readonly string[]): TimeByArea {
  const micros = new Map<string, number>();
  let atMicros = 0;
  let total = 0;
  profile.samples.forEach((node, sample) => {
    const delta = profile.timeDeltas[sample];
    atMicros += delta;
    if (atMicros < stretch.from * 1e6 || atMicros > stretch.to * 1e6) return;
    for (const name of namesOf(node)) micros.set(name, (micros.get(name) ?? 0) + delta);
    total += delta;
  });
  const idle = micros.get(IDLE) ?? 0;
  micros.delete(IDLE);
  const areas = [...micros].map(([area, each]) => ({ area, seconds: each / 1e6 }));
  return {
    seconds: total / 1e6,
    busySeconds: (total - idle) / 1e6,
    areas: areas.sort((a, b) => b.seconds - a.seconds),
  };
}

const WORKSPACE = /\/(?:apps|libs|tools)\/([^/]+)\/dist\/(?:([^/]+)\/)?/;
const PACKAGE = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** With its area, unless it is V8's or Node's own in C++. */
function nameOf(callFrame: CallFrame): string {
  const { functionName } = callFrame;
  const area = areaOf(callFrame);
  return area === functionName ? functionName : `${functionName === '' ? '(anonymous)' : functionName}, ${area}`;
}

/** Folder of a project of ours, package, module of Node, or what V8 calls it: system calls are in `(program)` and by their names. */
export function areaOf({ functionName, url }: CallFrame): string {
  const ofPackage = PACKAGE.exec(url);
  if (ofPackage !== null) return ofPackage[1];
  const ours = WORKSPACE.exec(url);
  if (ours !== null) return ours[2] === undefined ? ours[1] : `${ours[1]}/${ours[2]}`;
  if (url.startsWith('node:')) return url.startsWith('node:internal/') ? 'node:internal' : url;
  return functionName;
}
