import path from 'node:path';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { MANAGEMENT_PROTOS, MONITORING_PROTO, PROTO_ROOT } from '@distributary/contracts';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { type FuzzReport, type FuzzTarget, Observations } from './fuzz-target.js';
import { encodedOf } from './message-arbitrary.js';

interface Method {
  readonly path: string;
  readonly request: protobuf.Type;
  readonly isRequestStream: boolean;
  readonly isResponseStream: boolean;
}

interface Call {
  readonly method: Method;
  readonly messages: readonly Buffer[];
}

const CALLS_AT_A_TIME = 4;
const MESSAGES_PER_STREAM = 10;
const DEADLINE_MS = 20_000;
/** A stream of events does not end of itself. */
const LISTEN_MS = 60;
const CODE_KEY = 'distributary-code';
/** Far above what a message may have. */
const OVERSIZED = Buffer.alloc(5 * 1024 * 1024, 1);

const asIs = (bytes: Buffer): Buffer => bytes;

/** `count` messages to all methods of all services, made of the .proto files and broken in all ways. */
export async function fuzzGrpc(target: FuzzTarget, count: number, seed: number): Promise<FuzzReport> {
  const seen = new Observations('gRPC');
  const methods = methodsOf();
  const perMethod = Math.ceil(count / methods.length);
  const calls = methods.flatMap((method) => callsOf(method, perMethod, seed));
  const client = new Client(target.grpcAddress, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  });
  const worker = async (): Promise<void> => {
    for (let call = calls.shift(); call !== undefined; call = calls.shift()) await make(client, call, seen);
  };
  await Promise.all(Array.from({ length: CALLS_AT_A_TIME }, worker));
  client.close();
  return seen.report();
}

function methodsOf(): Method[] {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, file) => (path.isAbsolute(file) ? file : path.join(PROTO_ROOT, file));
  root.loadSync([MONITORING_PROTO, ...MANAGEMENT_PROTOS], { keepCase: true });
  root.resolveAll();
  const found: Method[] = [];
  const visit = (space: protobuf.NamespaceBase): void => {
    for (const nested of space.nestedArray) {
      if (nested instanceof protobuf.Service) {
        for (const { name, resolvedRequestType, requestStream, responseStream } of nested.methodsArray) {
          found.push({
            path: `/${nested.fullName.slice(1)}/${name}`,
            request: resolvedRequestType as protobuf.Type,
            isRequestStream: requestStream === true,
            isResponseStream: responseStream === true,
          });
        }
      } else if (nested instanceof protobuf.Namespace) visit(nested);
    }
  };
  visit(root);
  return found;
}

function callsOf(method: Method, count: number, seed: number): Call[] {
  const messages = fc.sample(encodedOf(method.request), { numRuns: count, seed });
  messages.push(OVERSIZED);
  const size = method.isRequestStream ? MESSAGES_PER_STREAM : 1;
  const calls: Call[] = [];
  while (messages.length > 0) calls.push({ method, messages: messages.splice(0, size) });
  return calls;
}

function make(client: Client, call: Call, seen: Observations): Promise<void> {
  const { method, messages } = call;
  return new Promise((resolve) => {
    const ended = (error: ServiceError | null): void => {
      for (const _ of messages) seen.count(error === null ? 'OK' : answerOf(error));
      if (error !== null && isFault(error)) {
        const input = messages.map((bytes) => bytes.subarray(0, 400).toString('base64'));
        seen.find(`${method.path}: ${status[error.code]} ${error.details}`, input);
      }
      resolve();
    };
    const deadline = new Date(Date.now() + DEADLINE_MS);
    if (!method.isRequestStream && !method.isResponseStream) {
      client.makeUnaryRequest(method.path, asIs, asIs, messages[0], { deadline }, (error) => ended(error));
      return;
    }
    const talk = method.isRequestStream
      ? client.makeBidiStreamRequest(method.path, asIs, asIs, { deadline })
      : undefined;
    const stream = talk ?? client.makeServerStreamRequest(method.path, asIs, asIs, messages[0], { deadline });
    let isOver = false;
    const over = (error: ServiceError | null) => {
      if (!isOver) ended(error);
      isOver = true;
    };
    stream.on('data', () => undefined);
    stream.on('error', (error: ServiceError) => over(error.code === status.CANCELLED ? null : error));
    stream.on('end', () => over(null));
    for (const bytes of messages) talk?.write(bytes);
    setTimeout(() => {
      stream.cancel();
      over(null);
    }, LISTEN_MS);
  });
}

const answerOf = (error: ServiceError): string => error.metadata.get(CODE_KEY)[0]?.toString() ?? status[error.code];

/** What is no message at all is refused by gRPC itself, as INTERNAL without a code of ours. */
function isFault(error: ServiceError): boolean {
  if (error.code === status.UNKNOWN || error.code === status.DEADLINE_EXCEEDED) return true;
  if (error.code === status.UNAVAILABLE && error.metadata.get(CODE_KEY).length === 0) return true;
  return error.code === status.INTERNAL && !/deserializ/i.test(error.details);
}
