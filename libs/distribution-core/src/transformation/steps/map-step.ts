import { MAX_ENTRIES } from '../definition.js';
import { changePath, fieldPath, readPath, writePath } from '../event-path.js';
import { joined } from '../problem-list.js';
import type { StepCompiler } from './step.js';
import { compileSource } from './value-source.js';

/** All sources are read before the first target is written, so their order does not count. */
export const mapStep: StepCompiler = (input, path, { problems }) => {
  const targets = problems.entries(input, path, MAX_ENTRIES).map(([target, source]) => {
    const at = joined(path, target);
    return { target: fieldPath(target, at, problems, true), source: compileSource(source, at, problems) };
  });
  return ({ event, meter }) => {
    const values = targets.map(({ source }) => source?.({ event, meter }));
    values.forEach((value, index) => {
      const { target } = targets[index];
      if (value !== undefined && target !== undefined) writePath(event, target, meter.copy(value));
    });
    return undefined;
  };
};

/** Old name → new name; fields that are not there are left alone. */
export const renameStep: StepCompiler = (input, path, { problems }) => {
  const renamed = problems.entries(input, path, MAX_ENTRIES).map(([from, to]) => {
    const at = joined(path, from);
    return { from: fieldPath(from, at, problems, true), to: fieldPath(to, at, problems, true) };
  });
  return ({ event, meter }) => {
    for (const { from, to } of renamed) {
      if (from === undefined || to === undefined) continue;
      meter.step();
      const value = readPath(event, from);
      if (value === undefined) continue;
      changePath(event, from, meter, () => undefined);
      writePath(event, to, value);
    }
    return undefined;
  };
};
