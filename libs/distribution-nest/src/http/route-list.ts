import type { FastifyAdapter } from '@nestjs/platform-fastify';

export interface RouteEntry {
  /** Upper case. */
  readonly method: string;
  /** As Fastify has it: `/topics/:name`. */
  readonly path: string;
}

/** The routes that are added from now on, as they come. */
export function recordRoutes(adapter: FastifyAdapter): readonly RouteEntry[] {
  const routes: RouteEntry[] = [];
  adapter.getInstance().addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push({ method: each.toUpperCase(), path: url });
  });
  return routes;
}
