import type { Principal } from '@distributary/distribution-core';
import type { Metadata } from '@grpc/grpc-js';
import { type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Authenticated } from '../auth/current-principal.js';
import { principalOfCall } from '../auth/grpc-authentication.js';
import { callerOfCall, callerOfRequest } from '../limits/trusted-proxies.js';

const NOT_AUDITED = 'distributary:not-audited';

/** For handlers that change nothing although their method says so, and for the events themselves, which are not acts. */
export const NotAudited = () => SetMetadata(NOT_AUDITED, true);

export interface AuditedAct {
  readonly act: string;
  readonly door: 'rest' | 'grpc';
  readonly principal: Principal | undefined;
  readonly target: string | undefined;
  readonly request: unknown;
  readonly traceId: string | undefined;
  readonly address: string | undefined;
}

const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const READING_CALL = /^(get|list|find|stats|stream|watch|exchange|publish|test|health|describe|check)/i;
const NAME_FIELDS = [
  'name',
  'id',
  'subscription_id',
  'subscription',
  'topic_name',
  'rule_id',
  'key_id',
  'tenant',
  'source_pattern',
];

/** What an administrative handler is about to do; undefined for everything else. */
export function auditedAct(context: ExecutionContext): AuditedAct | undefined {
  const handler = context.getHandler();
  const area = context.getClass();
  const isExempt = [handler, area].some((target) => Reflect.getMetadata(NOT_AUDITED, target) === true);
  if (isExempt) return undefined;
  const act = `${areaName(area.name)}.${snakeCase(handler.name)}`;
  return context.getType() === 'rpc' ? callAct(context, act, handler.name) : requestAct(context, act);
}

function requestAct(context: ExecutionContext, act: string): AuditedAct | undefined {
  const request = context.switchToHttp().getRequest<FastifyRequest & Authenticated>();
  if (READING_METHODS.has(request.method)) return undefined;
  const params = Object.values((request.params ?? {}) as Record<string, string>);
  return {
    act,
    door: 'rest',
    principal: request.principal,
    target: params.length > 0 ? params.join('/') : nameIn(request.body),
    request: request.body,
    traceId: request.id,
    address: callerOfRequest(request.raw),
  };
}

function callAct(context: ExecutionContext, act: string, method: string): AuditedAct | undefined {
  if (READING_CALL.test(method)) return undefined;
  const request = context.switchToRpc().getData<unknown>();
  const metadata = context.switchToRpc().getContext<Metadata>();
  return {
    act,
    door: 'grpc',
    principal: principalOfCall(metadata),
    target: nameIn(request),
    request,
    traceId: traceOf(metadata),
    address: peerOf(context.getArgByIndex<unknown>(2), metadata),
  };
}

function traceOf(metadata: Metadata): string | undefined {
  const traceparent = metadata.get('traceparent')[0]?.toString();
  return traceparent === undefined ? undefined : /^[\da-f]{2}-([\da-f]{32})-/.exec(traceparent)?.[1];
}

function peerOf(call: unknown, metadata: Metadata): string | undefined {
  if (typeof call !== 'object' || call === null || !('getPeer' in call)) return undefined;
  return callerOfCall(metadata, (call as { getPeer(): string }).getPeer());
}

function nameIn(request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  const fields = request as Readonly<Record<string, unknown>>;
  const field = NAME_FIELDS.find((name) => typeof fields[name] === 'string' && fields[name] !== '');
  return field === undefined ? undefined : (fields[field] as string);
}

/** `RoutingRulesController` → `routing_rules`. */
const areaName = (name: string): string => snakeCase(name.replace(/(Controller|Grpc)$/, ''));

const snakeCase = (name: string): string => name.replace(/(?<=[a-z\d])(?=[A-Z])/g, '_').toLowerCase();
