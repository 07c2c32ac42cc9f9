import type { TestedService } from './tested-service.js';
import type { Selection, Stream, StreamDoor } from './door.js';
import { type Message, StreamRecord } from './stream-record.js';

/** Over `fetch`, as Node and browsers have it. */
export async function openEventSource(
  app: TestedService,
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Stream> {
  const record = new StreamRecord();
  const controller = new AbortController();
  const response = await fetch(`${app.streamUrl}?${query}`, {
    headers: { accept: 'text/event-stream', ...app.headers, ...headers },
    signal: controller.signal,
  });
  let reading: Promise<void> = Promise.resolve();
  if (response.status === 200 && response.body !== null) {
    reading = read(response.body, record).finally(() => (record.end = { code: 0, reason: 'ended' }));
  } else {
    const { code, detail, errors } = (await response.json()) as Record<string, never>;
    record.fail({ code, message: detail, errors, retryable: false });
    record.end = { code: response.status, reason: code };
  }
  return {
    record,
    close: async () => {
      controller.abort();
      await reading.catch(() => undefined);
      record.expectWhole();
    },
  };
}

async function read(body: ReadableStream<Uint8Array>, record: StreamRecord): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() as string;
    for (const block of blocks) take(block, record);
  }
}

function take(block: string, record: StreamRecord): void {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
    }),
  );
  const id = fields.get('id');
  if (id !== undefined) record.lastEventId = id;
  const data = fields.get('data');
  if (data !== undefined) record.add(JSON.parse(data) as Message);
}

export function queryOf(selection: Selection): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(selection)) {
    if (name === 'start') query.set('start', startText(selection.start));
    else if (Array.isArray(value)) query.set(name, value.join(','));
    else query.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  return query.toString();
}

function startText(start: Selection['start']): string {
  if (typeof start === 'string') return start;
  return start !== undefined && 'cursor' in start ? start.cursor : (start?.time ?? 'latest');
}

export const sseDoor: StreamDoor = {
  name: 'server-sent events',
  open: (app, selection) => openEventSource(app, queryOf(selection)),
};
