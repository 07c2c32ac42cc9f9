/** A profile as V8 writes it (`--cpu-prof`): which function ran at each sample, and for how long. Times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
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

const IDLE = '(idle)';

/** Time in functions themselves, without what they called, by where the functions are from. */
export function timeByArea(profile: CpuProfile, stretch: Stretch): TimeByArea {
  const areaOfNode = new Map(profile.nodes.map(({ id, callFrame }) => [id, areaOf(callFrame)]));
  const micros = new Map<string, number>();
  let atMicros = 0;
  let total = 0;
  profile.samples.forEach((node, sample) => {
    const delta = profile.timeDeltas[sample];
    atMicros += delta;
    if (atMicros < stretch.from * 1e6 || atMicros > stretch.to * 1e6) return;
    const area = areaOfNode.get(node) ?? IDLE;
    micros.set(area, (micros.get(area) ?? 0) + delta);
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

/** Folder of a project of ours, package, module of Node, or what V8 calls it: system calls are in `(program)` and by their names. */
export function areaOf({ functionName, url }: CallFrame): string {
  const ofPackage = PACKAGE.exec(url);
  if (ofPackage !== null) return ofPackage[1];
  const ours = WORKSPACE.exec(url);
  if (ours !== null) return ours[2] === undefined ? ours[1] : `${ours[1]}/${ours[2]}`;
  if (url.startsWith('node:')) return url.startsWith('node:internal/') ? 'node:internal' : url;
  return functionName;
}
