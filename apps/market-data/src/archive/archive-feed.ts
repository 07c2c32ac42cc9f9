import {
  BEFORE_FIRST,
  compileTopicPattern,
  pause,
  someAtATime,
  type TopicDefinition,
  type TopicDirectory,
  unqualified,
} from '@distributary/distribution-core';
import { laneKey } from './archive-row.js';
import { type FeedParts, LaneFeed } from './lane-feed.js';

/** By the tenant's names. */
const TRADES_AND_BARS = ['market-data/normalized/#', 'market-data/bars/#'];
const QUOTES = 'market-data/quotes/#';
const FOLLOW_MS = 500;
const RETRY_MS = 1_000;
const OPENED_AT_A_TIME = 8;

export type ArchivedTopics = (topic: Pick<TopicDefinition, 'name' | 'origin'>) => boolean;

/** Every tenant's, without topics that others write. Quotes are many, and not everybody asks what they were. */
export function archivedTopics({ quotes }: { readonly quotes: boolean }): ArchivedTopics {
  const patterns = [...TRADES_AND_BARS, ...(quotes ? [QUOTES] : [])].map((pattern) => compileTopicPattern(pattern));
  return ({ name, origin }) => origin === 'ingested' && patterns.some((pattern) => pattern.matches(unqualified(name)));
}

/** All lanes of the archived topics into the archive, those of topics that appear later included. */
export class ArchiveFeed {
  private readonly stopping = new AbortController();
  private readonly fed = new Map<string, readonly Promise<void>[]>();
  private seenVersion = Number.NaN;
  private readonly running: Promise<void>;

  constructor(
    private readonly directory: Pick<TopicDirectory, 'list' | 'version'>,
    private readonly isArchived: ArchivedTopics,
    private readonly parts: FeedParts,
  ) {
    this.running = this.run();
  }

  /** Nothing is read any more; what is on its way into the archive may still be waiting for room there. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await Promise.all([...this.fed.values()].flat());
  }

  private async run(): Promise<void> {
    const { clock, onError } = this.parts;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      let waitMs = FOLLOW_MS;
      if (this.directory.version !== this.seenVersion) {
        const failures = await this.openMissing();
        failures.forEach(onError);
        if (failures.length > 0) waitMs = RETRY_MS;
      }
      await pause(clock, waitMs, signal);
    }
  }

  /** Why topics could not be opened: they alone are tried again, and the others are fed. */
  private async openMissing(): Promise<readonly unknown[]> {
    const { version } = this.directory;
    const topics = new Map(
      this.directory
        .list()
        .filter(this.isArchived)
        .map((topic) => [keyOf(topic), topic]),
    );
    const missing = [...topics].filter(([key]) => !this.fed.has(key));
    const failures: unknown[] = [];
    await someAtATime(OPENED_AT_A_TIME, missing, async ([key, topic]) => {
      await this.open(key, topic).catch((error: unknown) => failures.push(error));
    });
    // Their lanes end by themselves when the broker has let go of them.
    for (const key of this.fed.keys()) if (!topics.has(key)) this.fed.delete(key);
    if (failures.length === 0) this.seenVersion = version;
    return failures;
  }

  private async open(key: string, { brokerName }: TopicDefinition): Promise<void> {
    const ends = await this.parts.log.ends(brokerName);
    if (this.stopping.signal.aborted) return;
    const reached = new Map(this.parts.archive.resumeFrom().map((each) => [laneKey(each), each.position]));
    const feeds = ends.map(({ lane }) => new LaneFeed(lane, reached.get(laneKey(lane)) ?? BEFORE_FIRST, this.parts));
    this.fed.set(
      key,
      feeds.map((feed) => feed.run(this.stopping.signal)),
    );
  }
}

/** A topic that was deleted and created again is another one. */
const keyOf = ({ name, catalogVersion }: TopicDefinition): string => `${name}\n${catalogVersion}`;
