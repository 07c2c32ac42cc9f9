import type { DutyEvents, TopicDirectory } from '@distributary/distribution-core';
import { Archive, type ArchiveDependencies } from './archive.js';
import { type ArchivedTopics, ArchiveFeed } from './archive-feed.js';
import type { ArchiveOptions } from './archive-options.js';
import type { FeedParts } from './lane-feed.js';

export interface ArchiveDutyParts extends ArchiveDependencies, Pick<FeedParts, 'log' | 'onError'> {
  readonly directory: Pick<TopicDirectory, 'list' | 'version'>;
  readonly isArchived: ArchivedTopics;
  readonly options: ArchiveOptions;
}

/** The archive is open, and fed, while this process has the duty of it. */
export class ArchiveDuty implements DutyEvents {
  private archive: Archive | undefined;
  private feed: ArchiveFeed | undefined;
  private closed: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ArchiveDutyParts) {}

  /** Rejects with `store.unavailable` while the process before has it open still. */
  async prepare(): Promise<void> {
    await this.closed;
    this.archive ??= await Archive.open(this.parts, this.parts.options);
  }

  onTaken(): void {
    const { archive } = this;
    if (archive === undefined) return;
    const { directory, isArchived, log, clock, onError } = this.parts;
    this.feed = new ArchiveFeed(directory, isArchived, { log, archive, clock, onError });
  }

  onLost(): void {
    const { archive, feed } = this;
    this.archive = undefined;
    this.feed = undefined;
    // Side by side: a lane may wait for room that a disk which fails would never give, and closing ends that.
    const ending = Promise.all([feed?.stop(), archive?.close()]);
    this.closed = Promise.all([this.closed, ending]).then(() => undefined, this.parts.onError);
  }

  /** Writes what waits. What cannot be written is told and stays in the log. */
  async close(): Promise<void> {
    this.onLost();
    await this.closed;
  }
}
