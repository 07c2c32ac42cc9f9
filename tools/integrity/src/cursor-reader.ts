import type {
  DataPayload,
  ErrorPayload,
  GapPayload,
  PositionPayload,
  SubscribedPayload,
} from '@distributary/contracts';
import { encodeCursor, type LanePosition } from '@distributary/distribution-core';
import type { LossLedger } from './loss-ledger.js';
import { StreamConnection } from './stream-connection.js';

export interface CursorReaderOptions {
  readonly urls: readonly string[];
  readonly patterns: readonly string[];
  /** Events whose id does not start with it are somebody else's. */
  readonly run: string;
  readonly silentAfterMs?: number;
}

const SUBSCRIPTION = 'integrity';
const REFUSED_RETRY_MS = 250;

/**
 * A subscriber that keeps its cursor itself, together with what each event does: one step of this program does both, so no
 * event may ever come twice. The service keeps nothing for it.
 */
export class CursorReader {
  private readonly connection: StreamConnection;
  private readonly positions = new Map<string, LanePosition>();
  private catalogVersion = -1;
  private isTold = false;
  deliveries = 0;
  brokenChains = 0;
  gaps = 0;
  /** Times that the service could not go on where its cursor stood. */
  notFull = 0;
  readonly errors = new Set<string>();

  constructor(
    private readonly options: CursorReaderOptions,
    private readonly ledger: LossLedger,
  ) {
    const { urls, silentAfterMs } = options;
    this.connection = new StreamConnection({
      urls,
      silentAfterMs,
      onOpen: () => this.subscribe(),
      onMessage: (type, payload) => this.take(type, payload),
      onClose: () => (this.isTold = false),
    });
  }

  start(): void {
    this.connection.start();
  }

  stop(): void {
    this.connection.stop();
  }

  cut(): void {
    this.connection.cut();
  }

  get connections(): number {
    return this.connection.attempts;
  }

  get serverTimeMs(): number {
    return this.connection.serverTimeMs;
  }

  get hasBegun(): boolean {
    return this.catalogVersion >= 0;
  }

  private subscribe(): void {
    const { catalogVersion, positions } = this;
    const { patterns } = this.options;
    const isResuming = this.hasBegun;
    const start = isResuming
      ? { cursor: encodeCursor({ catalogVersion, positions: [...positions.values()] }) }
      : 'earliest';
    this.connection.send('subscribe', { id: SUBSCRIPTION, patterns, slow_policy: 'block', start });
  }

  private take(type: string, payload: unknown): void {
    if (type === 'subscribed') return this.subscribed(payload as SubscribedPayload);
    if (type === 'data') return this.takeData(payload as DataPayload);
    if (type === 'position') return this.advance(payload as PositionPayload);
    if (type === 'gap') return this.takeGap(payload as GapPayload);
    if (type === 'error') return this.refused(payload as ErrorPayload);
  }

  private subscribed({ catalog_version, positions, recovered }: SubscribedPayload): void {
    if (this.hasBegun && !this.isTold && recovered !== 'full') this.notFull++;
    this.isTold = true;
    this.connection.works();
    this.catalogVersion = catalog_version;
    this.positions.clear();
    for (const position of positions) this.positions.set(`${position.topic}#${position.partition}`, position);
  }

  private takeData(payload: DataPayload): void {
    for (const { event_id: id } of payload.events as readonly { readonly event_id: string }[]) {
      if (!id.startsWith(`${this.options.run}.`)) continue;
      const [, key, sequence] = id.split('.');
      this.ledger.received(key, Number(sequence));
      this.deliveries++;
    }
    this.advance(payload);
  }

  private takeGap(gap: GapPayload): void {
    const { lane, epoch, from, to } = gap;
    this.gaps++;
    this.ledger.announced({ lane, epoch, from, to });
    this.advance({ ...gap, prev: from, pos: to });
  }

  private advance({ lane, epoch, prev, pos }: Pick<DataPayload, 'lane' | 'epoch' | 'prev' | 'pos'>): void {
    const at = lane.lastIndexOf('#');
    const place = this.positions.get(lane);
    if ((place?.position ?? '') !== prev || (place !== undefined && place.epoch !== epoch)) this.brokenChains++;
    this.positions.set(lane, { topic: lane.slice(0, at), partition: Number(lane.slice(at + 1)), epoch, position: pos });
  }

  private refused({ code, message }: ErrorPayload): void {
    this.errors.add(`${code}: ${message}`);
    const { current } = this.connection;
    setTimeout(() => {
      if (current === this.connection.current && this.connection.isOpen && !this.isTold) this.subscribe();
    }, REFUSED_RETRY_MS);
  }
}
