import type { CloseReason, DataFrame, FrameEncoder, Outlet, SessionMessage } from '../fan-out/outlet.js';
import { UnconfirmedWindow } from '../fan-out/unconfirmed-window.js';

export interface RecordedMessage {
  readonly type: string;
  // Frames of every kind are looked at by tests, field by field.
  readonly payload: Readonly<Record<string, unknown>> & {
    readonly events?: readonly { readonly n: number; readonly event_id: string }[];
  };
}

/** JSON lines; a mark is a line of its own. */
export const lineEncoder: FrameEncoder = {
  name: 'lines',
  data: (frame) =>
    line('data', {
      ...told(frame),
      prev: frame.prev,
      events: valuesOf(frame),
      ...conflationOf(frame),
      ...frame.single,
    }),
  position: (frame) => line('position', { ...told(frame), prev: frame.prev }),
  snapshot: (frame) =>
    line('snapshot', {
      ...told(frame),
      last: frame.isLast,
      last_of_all: frame.isLastOfAll,
      events: frame.values.map((value) => parse(value)),
    }),
  mark: (mark) => Buffer.from(`${mark}\n`),
};

/** A session's peer: keeps what it was sent, and confirms marks when told to (`confirms` = at once). */
export class RecordingOutlet implements Outlet {
  readonly messages: RecordedMessage[] = [];
  readonly writes: Buffer[] = [];
  closedFor: CloseReason | undefined;
  onRoom: (() => void) | undefined;
  confirms = true;
  marks = 0;
  private readonly window = new UnconfirmedWindow();
  private lastMark = 0;

  get unconfirmedBytes(): number {
    return this.window.unconfirmedBytes;
  }

  get unmarkedBytes(): number {
    return this.window.unmarkedBytes;
  }

  get limitBytes(): number {
    return this.window.limitBytes;
  }

  /** Smaller than real ones, so that few events fill it. */
  setLimit(bytes: number): void {
    this.window.limitBytes = bytes;
  }

  setRate(): void {
    // The limit of a test stays where it was put.
  }

  write(bytes: Buffer, mark: number): void {
    this.writes.push(bytes);
    if (mark > 0) this.marks++;
    this.window.sent(bytes.length, mark);
    for (const text of bytes.toString().split('\n')) {
      if (text === '') continue;
      if (text.startsWith('{')) this.messages.push(JSON.parse(text) as RecordedMessage);
      else this.lastMark = Number(text);
    }
    if (this.confirms) this.confirmAll();
  }

  /** The peer has read all that it was sent. */
  confirm(): void {
    this.confirmAll();
    this.onRoom?.();
  }

  /** With limits far below the distance of real marks, what follows the last mark must count, too. */
  private confirmAll(): void {
    this.window.sent(0, this.lastMark + 0.5);
    this.window.confirmed(this.lastMark + 0.5);
  }

  send(message: SessionMessage): void {
    this.messages.push(JSON.parse(JSON.stringify(message)) as RecordedMessage);
  }

  close(reason: CloseReason): void {
    this.closedFor ??= reason;
  }

  of(type: string): RecordedMessage['payload'][] {
    return this.messages.filter((message) => message.type === type).map((message) => message.payload);
  }

  /** The `n` of every event in data frames, in the order of arrival. */
  get numbers(): number[] {
    return this.of('data').flatMap((payload) => (payload.events ?? []).map((event) => event.n));
  }

  /** What breaks the chain: frames whose `prev` is not what the lane was told last. */
  chainBreaks(): string[] {
    const told = new Map<string, string>();
    const breaks: string[] = [];
    for (const { type, payload } of this.messages) {
      if (type === 'subscribed') {
        for (const { topic, partition, position } of payload.positions as {
          topic: string;
          partition: number;
          position: string;
        }[]) {
          told.set(`${topic}#${partition}`, position);
        }
        continue;
      }
      const lane = payload.lane as string;
      if (type === 'gap') {
        if ((told.get(lane) ?? '') !== payload.from)
          breaks.push(`gap from ${String(payload.from)} after ${told.get(lane)}`);
        told.set(lane, payload.to as string);
      } else if (type === 'data' || type === 'position') {
        if ((told.get(lane) ?? '') !== payload.prev)
          breaks.push(`${type} prev ${String(payload.prev)} after ${told.get(lane)}`);
        told.set(lane, payload.pos as string);
      }
    }
    return breaks;
  }
}

function told(frame: { feed: number; lane: DataFrame['lane']; pos: string }) {
  const { topic, partition, epoch } = frame.lane;
  return { feed: frame.feed, lane: `${topic}#${partition}`, epoch, pos: frame.pos };
}

function conflationOf({ conflation }: DataFrame) {
  if (conflation === undefined) return {};
  return { merged: conflation.merged, merged_exact: conflation.mergedExact, left: conflation.left };
}

function valuesOf(frame: DataFrame): unknown[] {
  return frame.runs.flatMap((run) =>
    Array.from({ length: run.to - run.from }, (_, index) => parse(run.batch.valueAt(run.from + index))),
  );
}

function parse(value: Uint8Array): unknown {
  return JSON.parse(Buffer.from(value).toString());
}

function line(type: string, payload: unknown): Buffer {
  return Buffer.from(`${JSON.stringify({ type, payload })}\n`);
}
