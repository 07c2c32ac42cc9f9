import type { CachedRead, Permission, Principal, ReadCache } from '@distributary/distribution-core';

/** What a read depends on, and nothing else: who has the same permissions in the same tenant gets the same answer. */
export interface ReadRequest {
  readonly tenant: string;
  readonly permissions: readonly Permission[];
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
}

export interface RouteRead<Value> extends Omit<CachedRead<Value>, 'load'> {
  load(request: ReadRequest, principal: Principal): Promise<Value> | Value;
}

/** Reads of REST routes, by kind: `metrics.latest`. A route that names a kind nobody told how to load is not cached. */
export class CachedReads {
  private readonly readers = new Map<string, (argument: string) => Promise<unknown>>();

  constructor(readonly cache: ReadCache) {}

  add<Value>({ load, ...read }: RouteRead<Value>): void {
    const reader = this.cache.reader({
      ...read,
      load: (argument) => {
        const request = JSON.parse(argument) as ReadRequest;
        return load(request, principalOf(request));
      },
    });
    this.readers.set(read.kind, reader);
  }

  /** Undefined: the route has to answer by itself. */
  read(kind: string, request: ReadRequest): Promise<unknown> | undefined {
    return this.readers.get(kind)?.(argumentOf(request));
  }
}

/** The key of an answer; the query in one order, however it was asked. */
export function argumentOf({ tenant, permissions, params, query }: ReadRequest): string {
  const sorted = Object.fromEntries(Object.entries(query).sort(([one], [other]) => (one < other ? -1 : 1)));
  return JSON.stringify({ tenant, permissions, params, query: sorted });
}

/** Whoever asked for it: an answer that is loaded ahead has nobody in particular. */
const principalOf = ({ tenant, permissions }: ReadRequest): Principal => ({
  id: 'read cache',
  kind: 'local',
  tenant,
  permissions,
  expiresAtMicros: undefined,
});
