import * as prom from 'prom-client';
import type { Counter, Gauge, Histogram, Labels, Metrics } from '@distributary/distribution-core';

/** Nest's injection tokens. */
export const METRICS = Symbol('Metrics');
export const METRICS_REGISTRY = Symbol('MetricsRegistry');

type Family = prom.Counter | prom.Gauge | prom.Histogram;

/**
 * The core's figures on a Prometheus registry of its own, so that two apps in one process do not mix theirs. The label
 * names of a family are those of its first instrument; asking for others is a programming error and throws.
 */
export class PromMetrics implements Metrics {
  private readonly instruments = new Map<string, Counter | Gauge | Histogram>();
  private readonly labelNames = new Map<string, string>();

  constructor(private readonly registry: prom.Registry) {}

  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.instrument('counter', name, labels, () => {
      const family = this.family(name, prom.Counter, () => new prom.Counter(this.settings(name, help, labels)));
      const child = family.labels(labels);
      return { add: (amount = 1) => child.inc(amount) };
    });
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return this.instrument('gauge', name, labels, () => {
      const child = this.family(name, prom.Gauge, () => new prom.Gauge(this.settings(name, help, labels))).labels(
        labels,
      );
      return { set: (value) => child.set(value) };
    });
  }

  histogram(name: string, help: string, buckets: readonly number[], labels: Labels = {}): Histogram {
    return this.instrument('histogram', name, labels, () => {
      const settings = { ...this.settings(name, help, labels), buckets: [...buckets] };
      const child = this.family(name, prom.Histogram, () => new prom.Histogram(settings)).labels(labels);
      return { observe: (value) => child.observe(value) };
    });
  }

  private settings(name: string, help: string, labels: Labels) {
    return { name, help, labelNames: Object.keys(labels), registers: [this.registry] };
  }

  private instrument<Kind extends Counter | Gauge | Histogram>(
    kind: string,
    name: string,
    labels: Labels,
    create: () => Kind,
  ): Kind {
    const key = JSON.stringify([kind, name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
    const known = this.instruments.get(key);
    if (known !== undefined) return known as Kind;
    this.checkLabels(name, labels);
    const created = create();
    this.instruments.set(key, created);
    return created;
  }

  /** The client library takes unknown labels silently, and the figures would end up nowhere. */
  private checkLabels(name: string, labels: Labels): void {
    const names = Object.keys(labels).sort().join();
    const known = this.labelNames.get(name);
    if (known !== undefined && known !== names) throw new TypeError(`metric ${name} has the labels "${known}"`);
    this.labelNames.set(name, names);
  }

  private family<Kind extends Family>(name: string, kind: new (...args: never[]) => Kind, create: () => Kind): Kind {
    const known = this.registry.getSingleMetric(name);
    if (known === undefined) return create();
    if (known instanceof kind) return known;
    throw new TypeError(`metric ${name} exists already and is of another kind`);
  }
}

/** A registry with the usual figures of the process: CPU, memory, event loop, garbage collection. */
export function createRegistry(service: string): prom.Registry {
  const registry = new prom.Registry();
  registry.setDefaultLabels({ service });
  prom.collectDefaultMetrics({ register: registry });
  return registry;
}
