import type { Registry } from 'prom-client';

/** Reads what a metric without labels shows at present; 0 if there is none of that name. */
export function gaugeReader(registry: Registry): (name: string) => Promise<number> {
  return async (name) => {
    const found = await registry.getSingleMetric(name)?.get();
    return found?.values[0]?.value ?? 0;
  };
}
