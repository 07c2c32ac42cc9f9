import v8 from 'node:v8';
import vm from 'node:vm';

/** Bytes of what is reachable, on the heap and outside of it. */
export function memoryInUse(): number {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
