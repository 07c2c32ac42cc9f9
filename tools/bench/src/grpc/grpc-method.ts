import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { MONITORING_PACKAGE, MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { prefixed } from './message-reader.js';

/** The two ways to subscribe over gRPC. */
export type GrpcMethod = 'Exchange' | 'StreamMonitoring';

export interface GrpcCall {
  /** The `:path` of HTTP/2. */
  readonly path: string;
  /** The message that subscribes, with its prefix. */
  readonly request: Buffer;
  /** Whether nothing follows the request: else the client's half must stay open. */
  readonly endsItsHalf: boolean;
  /** Undefined: nothing that matters here. */
  readonly read: (message: Buffer) => Told | undefined;
}

export type Told =
  | { readonly type: 'subscribed' }
  /** The lane moves on, with events or without, announced as a gap or not. */
  | {
      readonly type: 'moved';
      readonly lane: string;
      readonly prev: string;
      readonly pos: string;
      readonly isGap: boolean;
    }
  | { readonly type: 'error'; readonly text: string };

interface Moved {
  readonly lane: string;
  readonly prev?: string;
  readonly pos?: string;
}

/** What both response types have of what is looked at; `StreamMonitoring` has the fields of `data` in the message itself. */
interface Answer extends Partial<Moved> {
  readonly subscribed?: object;
  readonly data?: Moved;
  readonly position?: Moved;
  readonly gap?: { readonly lane: string; readonly from?: string; readonly to?: string };
  readonly error?: { readonly code: number; readonly message: string };
}

/** Nothing may be left out, so that what was lost can be told from what was merged. */
export function callOf(method: GrpcMethod, topic: string): GrpcCall {
  const service = loadSync(MONITORING_PROTO, PROTO_LOADING)[`${MONITORING_PACKAGE}.MonitoringStream`];
  const { path, requestSerialize, responseDeserialize } = (service as Record<string, MethodDefinition<object, Answer>>)[
    method
  ];
  const selection = { patterns: [topic], slow_policy: 'block' };
  const request = method === 'Exchange' ? { subscribe: { id: 'bench', ...selection } } : selection;
  return {
    path,
    request: prefixed(requestSerialize(request)),
    endsItsHalf: method !== 'Exchange',
    read: (message) => toldBy(responseDeserialize(message)),
  };
}

function toldBy(answer: Answer): Told | undefined {
  const { subscribed, data, position, gap, error, lane = '', prev, pos } = answer;
  if (error !== undefined) return { type: 'error', text: `${error.code}: ${error.message}` };
  if (subscribed !== undefined) return { type: 'subscribed' };
  if (gap !== undefined) return moved({ lane: gap.lane, prev: gap.from, pos: gap.to }, true);
  const at = data ?? position ?? { lane, prev, pos };
  return at.lane === '' ? undefined : moved(at, false);
}

const moved = ({ lane, prev = '', pos = '' }: Moved, isGap: boolean): Told => ({
  type: 'moved',
  lane,
  prev,
  pos,
  isGap,
});
