import { median, noiseIn } from '@distributary/bench';
import type { WireSlowPolicy } from '@distributary/contracts';
import { type Check, worstOf } from './check.js';
import type { Scenario, ScenarioOptions } from './scenario.js';
import { crowdCheck, higher, type Memory, memoryChecks, SEGMENT_MEMORY_BYTES } from './slow-reader-memory.js';
import { DROP_OLDEST_KEEPS, type MeasuredService, type Run, runBeside, type Size } from './slow-reader-run.js';
import { startLone } from './stage/lone-service.js';

/**
 * A reader that stops reading, once per policy, beside fast ones.
 *
 *   publisher ──▶ service ──▶ 100 fast readers: their p99 is compared with the paired run without a slow one
 *                    └──────▶ 1 slow reader: reads … stops (no pong either) … reads again: what does it get?
 *
 * At the end a crowd of slow readers that never read again, for the memory that they must not cost.
 *
 * In the small version all five slow readers stand in one run, there is no crowd, and the p99 of the fast ones is told,
 * not judged: other tests run at the same time.
 */
const POLICIES: readonly WireSlowPolicy[] = ['block', 'conflate', 'drop-oldest', 'skip-to-live', 'disconnect'];
const MAX_SLOWDOWN = 1.25;
/** A machine whose p99 differs by more than this from run to run, with nobody slow, cannot tell. */
const MAX_NOISE = 0.5;

const EVENT_BYTES = 330;

/** Only for memory: so many that a queue for each of them, unbounded, would be seen in the RSS at once. */
const CROWD_PER_POLICY = 20;
const CROWD: Size = {
  fast: 20,
  eventsPerSecond: 2_000,
  stopsForMs: 10_000,
  afterwardsMs: 0,
  pairs: 1,
  eventBytes: EVENT_BYTES,
};

const SIZES: Record<'full' | 'small', Size> = {
  full: {
    fast: 100,
    // A third of what one core can write to 100 sockets: the p99 is then of the service, not of its queue for the core.
    // Nothing is tied to a core: V8's collector works beside the loop, and would take turns with it on a single one.
    eventsPerSecond: 400,
    stopsForMs: 4_000,
    afterwardsMs: 2_000,
    pairs: 5,
    eventBytes: EVENT_BYTES,
  },
  small: {
    fast: 40,
    eventsPerSecond: 1_000,
    stopsForMs: 2_200,
    afterwardsMs: 1_300,
    pairs: 1,
    eventBytes: EVENT_BYTES,
  },
};

export const slowReaders: Scenario = {
  name: 'slow-readers',
  about: 'a reader that stops reading, once per policy, beside fast ones',
  brokers: ['embedded', 'kafka', 'pulsar'],
  isRotated: false,

  async run(options: ScenarioOptions) {
    let size: Size = SIZES[options.small ? 'small' : 'full'];
    const lone = await startLone(options.broker, {
      DROP_OLDEST_KEEPS: String(DROP_OLDEST_KEEPS),
      SEGMENT_MEMORY_BYTES: String(SEGMENT_MEMORY_BYTES),
    });
    const service: MeasuredService = lone;
    try {
      // One run so that both sides of each pair find compiled code and grown buffers.
      const first = await runBeside(service, [], options.small ? { ...size, stopsForMs: 500, afterwardsMs: 0 } : size);
      const before = service.process.memory();
      options.tell(`own memory ${mebibytes(before)} MiB before`);
      let peak = before;
      size = { ...size, eventBytes: first.result.eventBytes };
      const groups = options.small ? [POLICIES] : POLICIES.map((policy) => [policy]);
      const checks: Check[] = [];
      const notes: string[] = [];
      const compared: Compared[] = [];
      for (const group of groups) {
        const pairs = await pairsOf(service, group, size, options);
        const runs = pairs.map(({ withSlow }) => withSlow);
        peak = higher(peak, ...runs.map((run) => run.memory));
        checks.push(...worstOf(runs.map((run) => run.checks)));
        compared.push({ policies: group, pairs });
        notes.push(...runs.flatMap((run) => run.notes));
      }
      checks.push(...slowdownChecks(compared, options.small));
      if (!options.small) {
        const crowd = POLICIES.flatMap((policy) => Array.from({ length: CROWD_PER_POLICY }, () => policy));
        const without = (await runBeside(service, [], CROWD)).memory;
        const withCrowd = (await runBeside(service, crowd, CROWD)).memory;
        options.tell(`a crowd: own memory ${mebibytes(withCrowd)} MiB beside it, ${mebibytes(without)} MiB without`);
        checks.push(crowdCheck(crowd.length, without, withCrowd), ...memoryChecks(crowd.length, before, withCrowd));
      }
      checks.push(...memoryChecks(groups[0].length, before, peak));
      return { checks, notes };
    } finally {
      await lone.stop();
    }
  },
};

interface Pair {
  readonly without: Run;
  readonly withSlow: Run;
}

async function pairsOf(
  service: MeasuredService,
  policies: readonly WireSlowPolicy[],
  size: Size,
  { tell }: ScenarioOptions,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let pair = 0; pair < size.pairs; pair++) {
    const isWithoutFirst = pair % 2 === 0;
    const first = await runBeside(service, isWithoutFirst ? [] : policies, size);
    const second = await runBeside(service, isWithoutFirst ? policies : [], size);
    const [without, withSlow] = isWithoutFirst ? [first, second] : [second, first];
    pairs.push({ without, withSlow });
    const told = (run: Run) => `p99 ${run.p99Ms.toFixed(2)} ms and own memory ${mebibytes(run.memory)} MiB`;
    tell(`${policies.join(', ')}: ${told(withSlow)} beside it, ${told(without)} without`);
  }
  return pairs;
}

const mebibytes = (memory: Memory): string => (memory.anonymousBytes / 2 ** 20).toFixed(0);

interface Compared {
  readonly policies: readonly WireSlowPolicy[];
  readonly pairs: readonly Pair[];
}

/** What the runs without a slow reader differ by among themselves is not the slow readers' doing. */
function slowdownChecks(compared: readonly Compared[], small: boolean): Check[] {
  const noise = noiseIn(compared.flatMap(({ pairs }) => pairs.map(({ without }) => without.p99Ms)));
  const ratios = compared.map(({ policies, pairs }): Check => {
    const found = median(pairs.map(({ withSlow, without }) => withSlow.p99Ms / without.p99Ms));
    const what = `${policies.join(', ')}: p99 of the fast ones, times that without (median of ${pairs.length} pairs)`;
    return { what, found, ...(small ? {} : { atMost: MAX_SLOWDOWN * (1 + noise) }) };
  });
  if (small) return ratios;
  return [{ what: 'that p99 without a slow one, from run to run by', found: noise, atMost: MAX_NOISE }, ...ratios];
}
