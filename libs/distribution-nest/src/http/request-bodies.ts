import type { IncomingMessage } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { invalidRequest } from '@distributary/distribution-core';

/** Media types that routes take besides JSON. */
export interface BodyTypes {
  /** JSON under another name. */
  readonly json: readonly string[];
  /** Given to handlers as a Buffer. */
  readonly bytes: readonly string[];
}

type Encoded = IncomingMessage & { receivedEncodedLength?: number };

const UNPACKERS = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
} as const;

/** Bodies of more types, and packed ones. The limit of bodies holds for what comes out of the package, too. */
export function takeBodies(adapter: FastifyAdapter, types: BodyTypes): void {
  const server = adapter.getInstance();
  server.addContentTypeParser([...types.bytes], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // Refuses `__proto__` and `constructor.prototype`, as the parser of application/json does.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser([...types.json], { parseAs: 'string' }, parseJson);
  server.addHook('preParsing', (request, _reply, payload, done) => {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase();
    if (encoding === undefined || encoding === '' || encoding === 'identity') done(null, payload);
    else if (isKnown(encoding)) done(null, unpacked(payload as Encoded, encoding));
    else {
      const rule = `must be one of identity, ${Object.keys(UNPACKERS).join(', ')}`;
      done(invalidRequest([{ path: 'content-encoding', rule }]));
    }
  });
}

const isKnown = (encoding: string): encoding is keyof typeof UNPACKERS => Object.hasOwn(UNPACKERS, encoding);

/** Fastify compares `receivedEncodedLength` with the Content-Length, and counts what comes out against its limit. */
function unpacked(payload: Encoded, encoding: keyof typeof UNPACKERS): Encoded {
  const unpacker = UNPACKERS[encoding]();
  let received = 0;
  payload.on('data', (chunk: Buffer) => (received += chunk.length));
  // The reader of the unpacker meets the same error.
  pipeline(payload, unpacker, () => undefined);
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of unpacker) yield chunk as Buffer;
    } catch {
      throw invalidRequest([{ path: '', rule: `must be a body in ${encoding}` }]);
    }
  }
  const plain = Readable.from(chunks(), { objectMode: false }) as unknown as Encoded;
  return Object.defineProperty(plain, 'receivedEncodedLength', { get: () => received });
}
