import { once } from 'node:events';
import { CLOSE_CODES } from '@distributary/contracts';
import { type AsyncApiDocument, MessageCheck } from '@distributary/monitoring-e2e';
import fc from 'fast-check';
import WebSocket from 'ws';
import { RIGHT_MESSAGES } from './right-messages.js';
import { type FuzzReport, type FuzzTarget, Observations } from './fuzz-target.js';
import { type JsonSchema, mutationsOf, valuesOf } from './json-arbitrary.js';

interface Frame {
  readonly bytes: string | Buffer;
  readonly isBinary: boolean;
}

const FRAMES_PER_CONNECTION = 20;
/** One connection in so many ends with a frame that is no message at all. */
const BROKEN_EVERY = 3;
const CONNECTIONS = 4;
const ANSWER_MS = 20_000;
/** Of the protocol, and those of WebSocket itself that say what is wrong with a frame. */
const CLOSES = new Set<number>([...Object.values(CLOSE_CODES), 1000, 1002, 1003, 1007, 1009]);

/** `count` frames, made of the service's own document and broken in all ways: the service answers on, or closes by a code. */
export async function fuzzWebSocket(target: FuzzTarget, count: number, seed: number): Promise<FuzzReport> {
  const document = (await (await fetch(`${target.httpUrl}/api/asyncapi.json`)).json()) as AsyncApiDocument & JsonSchema;
  const check = new MessageCheck(document);
  const seen = new Observations('WebSocket');
  const { messages, broken } = framesOf(document);
  const connections = fc.sample(connectionsOf(messages, broken), {
    numRuns: Math.ceil(count / FRAMES_PER_CONNECTION),
    seed,
  });
  const worker = async (): Promise<void> => {
    for (let frames = connections.pop(); frames !== undefined; frames = connections.pop()) {
      await speak(target, frames, check, seen);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return seen.report();
}

/** A frame that is no message ends the connection, so it comes last, or the others would not be looked at. */
function connectionsOf(messages: fc.Arbitrary<Frame>, broken: fc.Arbitrary<Frame>): fc.Arbitrary<Frame[]> {
  const many = fc.array(messages, { minLength: FRAMES_PER_CONNECTION - 1, maxLength: FRAMES_PER_CONNECTION - 1 });
  const last = fc.oneof({ weight: BROKEN_EVERY - 1, arbitrary: messages }, { weight: 1, arbitrary: broken });
  return fc.tuple(many, last).map(([some, end]) => [...some, end]);
}

function framesOf(document: AsyncApiDocument & JsonSchema) {
  const asText = (bytes: string | Buffer): Frame => ({ bytes, isBinary: false });
  const texts = Object.entries(document.components.messages)
    .filter(([name]) => name.startsWith('client_'))
    .map(([name, { payload }]) => {
      const { properties } = payload as { readonly properties: { readonly payload: JsonSchema } };
      const type = name.slice('client_'.length);
      return valuesOf(properties.payload, document).map((value) => JSON.stringify({ type, payload: value }));
    });
  const deepTexts = fc.integer({ min: 1_000, max: 20_000 }).map(deep);
  const text = fc.oneof(
    { weight: 10, arbitrary: fc.oneof(...texts) },
    { weight: 10, arbitrary: mutationsOf(RIGHT_MESSAGES).map((message) => withType(message)) },
    { weight: 1, arbitrary: deepTexts },
  );
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  const broken = fc.oneof(
    fc.tuple(text, part).map(([whole, at]) => asText(whole.slice(0, whole.length * at))),
    fc.tuple(text, part, fc.nat(255)).map(([whole, at, byte]) => asText(flipped(whole, at, byte))),
    fc.string({ unit: 'binary', maxLength: 100 }).map(asText),
    fc.jsonValue({ maxDepth: 3 }).map((value) => asText(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => ({ bytes: Buffer.from(bytes), isBinary: true })),
    fc.integer({ min: 1_000, max: 100_000 }).map((depth) => asText('['.repeat(depth))),
    fc.integer({ min: 1, max: 3 }).map((megabytes) => asText('x'.repeat(megabytes * 1_048_576))),
  );
  return { messages: text.map(asText), broken };
}

/** A message without a type would end the connection. */
function withType(message: unknown): string {
  const fields = typeof message === 'object' && message !== null ? (message as { type?: unknown }) : {};
  return JSON.stringify({ ...fields, type: typeof fields.type === 'string' ? fields.type : 'ping' });
}

/** May be no UTF-8 any more. */
function flipped(text: string, at: number, byte: number): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 0) bytes[Math.min(bytes.length - 1, Math.floor(bytes.length * at))] = byte;
  return bytes;
}

const deep = (depth: number): string =>
  `{"type":"subscribe","payload":{"id":"d","filter":${'{"op":"not","filter":'.repeat(depth)}null${'}'.repeat(depth)}}}`;

async function speak(
  target: FuzzTarget,
  frames: readonly Frame[],
  check: MessageCheck,
  seen: Observations,
): Promise<void> {
  const socket = new WebSocket(target.httpUrl.replace('http', 'ws') + target.streamPath, 'distributary.v1.json');
  const shown = () => frames.map(({ bytes }) => bytes.toString().slice(0, 300));
  const told: Record<string, number> = {};
  let answered: (() => void) | undefined;
  const untilPong = new Promise<void>((resolve) => (answered = resolve));
  socket.on('message', (bytes: Buffer) => {
    const message = JSON.parse(bytes.toString()) as { type: string; payload: { code?: string; echo?: unknown } };
    if (message.type === 'pong' && message.payload.echo === 'the end') answered?.();
    told[message.type] = (told[message.type] ?? 0) + 1;
    if (message.payload.code === 'internal') seen.find('error internal', shown());
    const problem = check.problemOf(message);
    if (problem !== undefined) seen.find(problem, shown());
  });
  const closed = once(socket, 'close') as Promise<[number]>;
  socket.on('error', () => undefined);
  try {
    await once(socket, 'open');
  } catch {
    frames.forEach(() => seen.count('no connection'));
    seen.find('no connection', shown());
    return;
  }
  for (const { bytes, isBinary } of frames) socket.send(bytes, { binary: isBinary });
  socket.send(JSON.stringify({ type: 'ping', payload: 'the end' }));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), ANSWER_MS)));
  const outcome = await Promise.race([untilPong.then(() => 'pong' as const), closed.then(([code]) => code), late]);
  clearTimeout(timer);
  frames.forEach(() => seen.count(outcome));
  seen.told(told);
  if (outcome === 'late') seen.find('no answer in time', shown());
  if (outcome === CLOSE_CODES.internal || (typeof outcome === 'number' && !CLOSES.has(outcome))) {
    seen.find(`closed with ${outcome}`, shown());
  }
  // Some clients say good-bye, others are gone.
  if (frames.length % 2 === 0) socket.close();
  else socket.terminate();
  await closed;
}
