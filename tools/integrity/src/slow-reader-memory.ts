import type { ServerProcess } from '@distributary/bench';
import type { Check } from './check.js';

export type Memory = ReturnType<ServerProcess['memory']>;

export const SEGMENT_MEMORY_BYTES = 32 * 2 ** 20;
/** What may be unconfirmed: this much, or a quarter of a second's flow if that is more. */
export const UNCONFIRMED_LIMIT_BYTES = 256 * 1024;
/** What the service may keep of encoded frames besides; not a setting. */
const KEPT_FRAMES_BYTES = 64 * 2 ** 20;
/** The ids of the last 100,000 events, by which ingest and the tail each know a copy; bounded by their count. */
const DEDUPE_WINDOWS_BYTES = 40 * 2 ** 20;
/** Garbage that V8 has not collected yet, of a process that is busy. */
const UNCOLLECTED_BYTES = 64 * 2 ** 20;

export function higher(...memories: readonly Memory[]): Memory {
  return {
    residentBytes: Math.max(...memories.map((memory) => memory.residentBytes)),
    anonymousBytes: Math.max(...memories.map((memory) => memory.anonymousBytes)),
  };
}

/** What the service may hold for that many slow readers, by its settings. */
function budgetBytes(slowReaders: number): number {
  const shared = SEGMENT_MEMORY_BYTES + KEPT_FRAMES_BYTES + DEDUPE_WINDOWS_BYTES;
  return shared + slowReaders * UNCONFIRMED_LIMIT_BYTES + UNCOLLECTED_BYTES;
}

/** At the peak of runs with so many slow readers. */
export function memoryChecks(slowReaders: number, before: Memory, peak: Memory): Check[] {
  const beside = `beside ${slowReaders} slow, above the one before, at the peak, MiB`;
  return [
    {
      what: `own memory (RSS without mapped files) ${beside}`,
      found: (peak.anonymousBytes - before.anonymousBytes) / 2 ** 20,
      atMost: budgetBytes(slowReaders) / 2 ** 20,
    },
    {
      what: `RSS, with the pages of the log that are mapped, ${beside}`,
      found: (peak.residentBytes - before.residentBytes) / 2 ** 20,
    },
  ];
}

/** An unbounded queue for each of them would cost many times of this. */
export function crowdCheck(slowReaders: number, without: Memory, withCrowd: Memory): Check {
  return {
    what: `own memory that ${slowReaders} slow readers cost: above the paired run without them, MiB`,
    found: (withCrowd.anonymousBytes - without.anonymousBytes) / 2 ** 20,
    atMost: (slowReaders * UNCONFIRMED_LIMIT_BYTES + UNCOLLECTED_BYTES) / 2 ** 20,
  };
}
