import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { type FastifyAdapter, RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidRequest } from '@distributary/distribution-core';

/** Media types that routes take besides JSON. */
export interface BodyTypes {
  /** JSON under another name. */
  readonly json: readonly string[];
  /** Given to handlers as a Buffer. */
  readonly bytes: readonly string[];
  /** Of more than one JSON text; taken by routes with {@link TakesUnparsedJson} alone. */
  readonly texts: readonly string[];
}

/** A body that its handler reads by itself, as far as it can. */
export class UnparsedBody {
  constructor(
    readonly mediaType: string,
    readonly bytes: Buffer,
    private readonly parseText: (text: Buffer | string) => unknown,
  ) {}

  /** All of it, or the given part, as every other JSON body is parsed; throws what is answered for those that are none. */
  parse(text: Buffer | string = this.bytes): unknown {
    return this.parseText(text);
  }
}

const UNPARSED = { unparsedJson: true };

/** Beside `@Post()`: the body is an {@link UnparsedBody} if it is sent as application/json, or in one of {@link BodyTypes.texts}. */
export const TakesUnparsedJson = (): MethodDecorator => RouteConfig(UNPARSED);

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
  // Refuses `__proto__` and `constructor.prototype`.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  const parseBytes: BodyReader = (request, bytes, done) => void parseJson(request, bytes as unknown as string, done);
  takeUnparsed(adapter, types.texts, parseJson);
  server.addContentTypeParser([...types.json], { parseAs: 'buffer' }, onUtf8(parseBytes));
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

const takesUnparsed = (request: FastifyRequest): boolean =>
  (request.routeOptions.config as Partial<typeof UNPARSED>).unparsedJson === true;

type JsonParser = ReturnType<FastifyInstance['getDefaultJsonParser']>;

const JSON_TYPE = 'application/json';

/** JSON as ever, but for routes that take it as it is. */
function takeUnparsed(adapter: FastifyAdapter, texts: readonly string[], parseJson: JsonParser): void {
  const server = adapter.getInstance();
  const { bodyLimit } = server.initialConfig;
  const unparsed = (type: string, request: FastifyRequest, bytes: Buffer) =>
    new UnparsedBody(type, bytes, (text) => {
      let parsed: { readonly value: unknown } | undefined;
      let failure: Error | null = null;
      // It answers at once.
      void parseJson(request, text as string, (error, value) => {
        failure = error;
        parsed = { value };
      });
      if (failure !== null) throw failure as Error;
      return parsed?.value;
    });
  // Not the server's own way: Nest then adds none of its own.
  const readJson = onUtf8((request, bytes, done) => {
    if (takesUnparsed(request)) done(null, unparsed(JSON_TYPE, request, bytes));
    else void parseJson(request, bytes as unknown as string, done);
  });
  adapter.useBodyParser(JSON_TYPE, false, { bodyLimit }, readJson);
  for (const type of texts) {
    const readText = onUtf8((request, bytes, done) => {
      if (takesUnparsed(request)) done(null, unparsed(type, request, bytes));
      else done(invalidRequest([{ path: 'content-type', rule: `must not be ${type} here` }]));
    });
    server.addContentTypeParser(type, { parseAs: 'buffer' }, readText);
  }
}

type Done = (error: Error | null, body?: unknown) => void;
type BodyReader = (request: FastifyRequest, bytes: Buffer, done: Done) => void;

/** Decoding would put another character wherever the bytes are none: nobody has sent that. */
const onUtf8 =
  (read: BodyReader) =>
  (request: FastifyRequest, body: unknown, done: Done): void => {
    const bytes = body as Buffer;
    if (isUtf8(bytes)) read(request, bytes, done);
    else done(invalidRequest([{ path: '', rule: 'must be UTF-8' }]));
  };

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
