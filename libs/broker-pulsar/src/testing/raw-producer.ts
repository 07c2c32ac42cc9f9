import { once } from 'node:events';
import net from 'node:net';

/** Of its MessageMetadata; the rest of it is filled in. */
export interface RawMessage {
  readonly key?: string;
  /** Undefined: a message without a value. */
  readonly payload?: string;
  /** Of what brokers write for themselves, and give to no reader. */
  readonly marker?: number;
  /** One piece of a message. */
  readonly chunk?: { readonly id: string; readonly number: number; readonly of: number; readonly bytes: number };
  /** Instead of a payload: the messages of one entry. */
  readonly packed?: readonly PackedMessage[];
}

interface PackedMessage {
  readonly key?: string;
  readonly payload?: string;
  readonly properties?: Readonly<Record<string, string>>;
  /** Compaction left it out: no reader is given it. */
  readonly isCompactedOut?: boolean;
}

const CONNECT = 2;
const PRODUCER = 5;
const SEND = 6;
const RECEIPT = 7;
const PRODUCER_SUCCESS = 17;
const TIMEOUT_MS = 10_000;

/** Appends to a lane what only Pulsar's binary protocol can say, one message after another. */
export async function sendRaw(port: number, topic: string, ...messages: readonly RawMessage[]): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let came = Buffer.alloc(0);
  socket.on('data', (data) => (came = Buffer.concat([came, data])));
  const answer = async (wanted?: number) => {
    for (;;) {
      const size = came.length < 4 ? Infinity : 4 + came.readUInt32BE(0);
      if (came.length < size) {
        await once(socket, 'data', { signal });
        continue;
      }
      // The command begins with its type.
      const type = came[9];
      came = came.subarray(size);
      if (wanted === undefined || type === wanted) return;
      if (type === 8 || type === 14) throw new Error(`Pulsar refused: ${type}`);
    }
  };
  const send = (type: number, fields: Buffer, rest: Buffer = Buffer.alloc(0)) => {
    const command = Buffer.concat([number(1, type), bytes(type, fields)]);
    socket.write(Buffer.concat([size(4 + command.length + rest.length), size(command.length), command, rest]));
  };
  try {
    send(CONNECT, Buffer.concat([text(1, 'test'), number(4, 19)]));
    await answer();
    send(PRODUCER, Buffer.concat([text(1, `persistent://${topic}`), number(2, 0), number(3, 1)]));
    await answer(PRODUCER_SUCCESS);
    for (const [index, { key, payload, marker, chunk, packed }] of messages.entries()) {
      const metadata = Buffer.concat([
        ...[text(1, 'raw'), number(2, index), number(3, Date.now())],
        ...(key === undefined ? [] : [text(6, key)]),
        ...(marker === undefined ? [] : [number(20, marker)]),
        ...(payload === undefined && packed === undefined ? [number(25, 1)] : []),
        ...(packed === undefined ? [] : [number(11, packed.length)]),
        ...(chunk === undefined
          ? []
          : [text(26, chunk.id), number(27, chunk.of), number(28, chunk.bytes), number(29, chunk.number)]),
      ]);
      const isPart = chunk === undefined ? [] : [number(7, 1)];
      const fields = Buffer.concat([number(1, 0), number(2, index), number(3, packed?.length ?? 1), ...isPart]);
      const value = packed === undefined ? Buffer.from(payload ?? '') : Buffer.concat(packed.map(packedMessage));
      send(SEND, fields, Buffer.concat([size(metadata.length), metadata, value]));
      await answer(RECEIPT);
    }
  } finally {
    socket.destroy();
  }
}

/** With its SingleMessageMetadata. */
function packedMessage({ key, payload, properties = {}, isCompactedOut = false }: PackedMessage): Buffer {
  const value = Buffer.from(payload ?? '');
  const metadata = Buffer.concat([
    ...Object.entries(properties).map(([name, each]) => bytes(1, Buffer.concat([text(1, name), text(2, each)]))),
    ...(key === undefined ? [] : [text(2, key)]),
    number(3, value.length),
    ...(isCompactedOut ? [number(4, 1)] : []),
    ...(payload === undefined ? [number(9, 1)] : []),
  ]);
  return Buffer.concat([size(metadata.length), metadata, value]);
}

function size(length: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(length);
  return four;
}

function varint(value: number): number[] {
  const digits: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) digits.push((left % 128) | 128);
  return [...digits, left];
}

const number = (field: number, value: number): Buffer => Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (field: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(value.length)]), value]);
const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value));
