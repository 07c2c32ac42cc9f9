import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { loadSync } from '@grpc/proto-loader';
import { MANAGEMENT_PROTOS, PROTO_LOADING } from '@distributary/contracts';
import { ANONYMOUS, type CallStatistics } from '@distributary/distribution-nest';
import type { OpenApiDocument } from './answer-check.js';
import type { AsyncApiDocument } from './message-check.js';

/** Of a run of all tests: the folder that takes what they did at the doors. `tools/testing` judges it. */
const FOLDER = 'DISTRIBUTARY_EXERCISE_FOLDER';

/** Doors whose commands are those of the AsyncAPI document, as their encoders are named. */
const COMMAND_DOORS = ['websocket-json', 'websocket-binary', 'grpc-exchange'];

/** What every gRPC server of ours has beside its own files; wrong input is answered within a good answer there. */
const STANDARD_CALLS = [
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
];

/** Answered 404 by design: of OpenTelemetry only metrics are taken, and whoever sends more is told so. */
const NEVER_SERVED = /^rest POST .*\/v1\/(logs|traces)$/;

/** Those that never refuse what they are given, or not in a way that is counted. */
const NEVER_REFUSED: ReadonlySet<string> = new Set([
  // A wrong token ends the connection before there is a session whose commands are counted.
  ...COMMAND_DOORS.map((door) => `${door} hello`),
  // Whatever it carries comes back.
  ...COMMAND_DOORS.map((door) => `${door} ping`),
]);
/** Its commands are refused, each by itself. */
const EXCHANGE = /^grpc .*\/Exchange$/;

export interface Documented {
  /** `rest GET /path/{id}`, `grpc /package.Service/Method` or `websocket-json subscribe`. */
  readonly name: string;
  /** There is something that it answers with success. */
  readonly canServe: boolean;
  /** It has input, and may refuse it. */
  readonly canRefuse: boolean;
}

export interface Exercised {
  /** Answered with success. */
  readonly served: readonly string[];
  /** What somebody who is known was refused. */
  readonly refused: readonly string[];
}

export interface ExercisedApp {
  /** What its project is called: `monitoring`, whose end-to-end tests are in `monitoring-e2e`. */
  readonly service: string;
  readonly proto: string;
  readonly openApi: object;
  readonly asyncApi: object;
  readonly calls: CallStatistics;
}

/** Leaves a line for the check after the run; nothing, if nobody asked or the tests are not those of the service's project. */
export function leaveRecord(app: ExercisedApp): void {
  const folder = process.env[FOLDER];
  // Others start the same service and send it anything, documented or not.
  if (folder === undefined || !expect.getState().testPath?.includes(`${path.sep}${app.service}-e2e${path.sep}`)) return;
  const line = JSON.stringify({ service: app.service, documented: documentedOf(app), ...exercisedOf(app.calls) });
  appendFileSync(path.join(folder, `${process.pid}.jsonl`), `${line}\n`);
}

/** Every operation of every door that the service's own documents and .proto files name. */
export function documentedOf({ openApi, asyncApi, proto }: Omit<ExercisedApp, 'service' | 'calls'>): Documented[] {
  const rest = Object.entries((openApi as OpenApiDocument).paths).flatMap(([template, item]) =>
    Object.entries(item).map(([verb, { parameters = [], requestBody }]) => ({
      name: `rest ${verb.toUpperCase()} ${template}`,
      canRefuse: parameters.length > 0 || requestBody !== undefined,
    })),
  );
  const messages = Object.keys((asyncApi as AsyncApiDocument).components.messages);
  const commands = messages.filter((name) => name.startsWith('client_')).map((name) => name.slice('client_'.length));
  const ofStreams = COMMAND_DOORS.flatMap((door) =>
    commands.map((command) => ({ name: `${door} ${command}`, canRefuse: true })),
  );
  return [...rest, ...grpcCalls(proto), ...ofStreams].map(({ name, canRefuse }) => ({
    name,
    canServe: !NEVER_SERVED.test(name),
    canRefuse: canRefuse && !NEVER_REFUSED.has(name) && !EXCHANGE.test(name),
  }));
}

function grpcCalls(proto: string): Omit<Documented, 'canServe'>[] {
  const definition = loadSync([proto, ...MANAGEMENT_PROTOS], PROTO_LOADING);
  const own = Object.values(definition)
    .filter((part) => !('format' in part))
    .flatMap((service) => Object.values(service))
    .map(({ path: method, requestType }) => {
      const { field } = requestType.type as { readonly field: readonly unknown[] };
      return { name: `grpc ${method}`, canRefuse: field.length > 0 };
    });
  return [...own, ...STANDARD_CALLS.map((method) => ({ name: `grpc ${method}`, canRefuse: false }))];
}

/** What the service itself counted, by the names of {@link documentedOf}. */
export function exercisedOf(calls: CallStatistics): Exercised {
  const served = new Set<string>();
  const refused = new Set<string>();
  for (const { door, route, key, calls: all, clientErrors, serverErrors } of calls.figures('1h', 'both', undefined)) {
    const name = nameOf(door ?? '', route ?? '');
    if (all > clientErrors + serverErrors) served.add(name);
    // That nobody in particular is refused says nothing of the operation.
    if (clientErrors > 0 && key !== ANONYMOUS.id) refused.add(name);
  }
  return { served: [...served], refused: [...refused] };
}

function nameOf(door: string, route: string): string {
  const plain = COMMAND_DOORS.find((one) => door.startsWith(one)) ?? door;
  return `${plain} ${plain === 'rest' ? route.replace(/:(\w+)/g, '{$1}') : route}`;
}
