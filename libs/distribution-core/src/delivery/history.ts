import { encodeCursor, type Cursor } from '../cursor.js';
import { DistributionError } from '../errors/distribution-error.js';
import { Selector } from '../fan-out/selector.js';
import { compileSelection } from '../matching/entry-matcher.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log } from '../ports/log.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import type { TopicDirectory } from '../routing/topic-directory.js';
import { BEFORE_FIRST, type LanePosition } from '../position.js';
import type { Selection } from '../subscription/subscription.js';
import type { OutputTransformation } from '../transformation/transformations.js';

export interface HistoryRequest {
  readonly selection: Selection;
  /** Where the first page starts; earliest if there is neither. */
  readonly fromMicros?: number;
  /** Where a later page starts: the cursor of the page before. */
  readonly cursor?: Cursor;
  readonly limit: number;
  /** What becomes of each event; those that do not go out are left out. */
  readonly output?: Pick<OutputTransformation, 'value'>;
}

export interface HistoryPage {
  /** JSON text of each event; in order within a lane, lane after lane. */
  readonly values: readonly Uint8Array[];
  readonly cursor: string;
  readonly hasMore: boolean;
}

export const DEFAULT_HISTORY_LIMIT = 100;
const READ_BYTES = 256 * 1024;
/** Looked at for one page; a page of a narrow filter may therefore be short and still say `hasMore`. */
const MAX_EVENTS_SCANNED = 100_000;

/** What the broker keeps, page by page. */
export class History {
  private readonly selector = new Selector();

  constructor(
    private readonly log: Log,
    private readonly topics: Pick<TopicDirectory, 'list' | 'look' | 'version'>,
    private readonly clock: Pick<Clock, 'soon'>,
  ) {}

  /** `topic.not_found` if no topic matches. */
  async page(request: HistoryRequest): Promise<HistoryPage> {
    const matcher = compileSelection(request.selection);
    const matching = () => this.topics.list().filter((topic) => matcher.matchesTopic(topic.name));
    let topics = matching();
    if (topics.length === 0) {
      // Another process may have just made it.
      await this.topics.look();
      topics = matching();
    }
    if (topics.length === 0) throw new DistributionError('topic.not_found', 'no topic matches the patterns');
    const known = new Map(
      (request.cursor?.positions ?? []).map((at) => [`${at.topic}#${at.partition}#${at.epoch}`, at.position]),
    );
    const values: Uint8Array[] = [];
    const positions: LanePosition[] = [];
    let taken = 0;
    let scanned = 0;
    let hasMore = false;
    for (const topic of topics) {
      for (const { lane, beforeFirst, last } of await this.log.ends(topic.brokerName)) {
        const { partition, epoch } = lane;
        let at =
          known.get(`${topic.name}#${partition}#${epoch}`) ??
          (await this.startOf(topic, partition, request.fromMicros));
        if (at < beforeFirst) at = beforeFirst;
        while (at < last && taken < request.limit && scanned < MAX_EVENTS_SCANNED) {
          const batches = await this.log.read({ topic: topic.brokerName, partition, after: at, epoch }, READ_BYTES);
          // A narrow filter looks at much; others have their turn in between.
          await new Promise<void>((resolve) => this.clock.soon(resolve));
          if (batches.length === 0) break;
          for (const batch of batches) {
            const left = request.limit - taken;
            if (left === 0) break;
            const selected = this.selector.select(
              matcher,
              topic.name,
              batch,
              undefined,
              at,
              batch.lastPosition,
              left,
              READ_BYTES,
            );
            for (const run of selected.runs) {
              for (let index = run.from; index < run.to; index++) {
                const value = batch.valueAt(index);
                const made = request.output === undefined ? value : request.output.value(value);
                if (made !== undefined) values.push(made);
              }
            }
            taken += selected.eventCount;
            at = selected.pos;
            scanned += batch.count;
            if (selected.isCut) break;
          }
        }
        hasMore ||= at < last;
        positions.push({ topic: topic.name, partition, epoch, position: at });
      }
    }
    return { values, cursor: encodeCursor({ catalogVersion: this.topics.version, positions }), hasMore };
  }

  private async startOf(topic: TopicDefinition, partition: number, fromMicros: number | undefined) {
    return fromMicros === undefined ? BEFORE_FIRST : this.log.seek(topic.brokerName, partition, fromMicros);
  }
}
