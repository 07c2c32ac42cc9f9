import { readFileSync } from 'node:fs';
import path from 'node:path';
import { STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { alerts, alertsOf, aService } from './events.js';
import { TestApp } from './harness.js';

interface Metric {
  readonly name: string;
  readonly kind: string;
  readonly help: string;
  readonly labels: readonly string[];
}

const OF_THE_LIBRARY = /^(process|nodejs)_/;
const ADDED = new Set(['service', 'le', 'quantile']);

function metricsOf(text: string): Metric[] {
  const labels = new Map<string, Set<string>>();
  for (const [, series, list] of text.matchAll(/^(\w+)\{([^}]*)\} /gm)) {
    const names = [...list.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => !ADDED.has(label));
    for (const name of [series, series.replace(/_(bucket|sum|count)$/, '')]) {
      labels.set(name, new Set([...(labels.get(name) ?? []), ...names]));
    }
  }
  return [...text.matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$/gm)]
    .map(([, name, help, kind]) => ({ name, help, kind, labels: [...(labels.get(name) ?? [])].sort() }))
    .filter(({ name }) => !OF_THE_LIBRARY.test(name));
}

/** | `name` | kind | `label`, `label` | what | only when | */
function documented(): (Metric & { readonly isConditional: boolean })[] {
  const text = readFileSync(path.join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');
  return [...text.matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*)\| ([^|]*) \| ([^|]*)\|$/gm)].map(
    ([, name, kind, labels, help, when]) => ({
      name,
      kind,
      help: help.trim(),
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
      isConditional: when.trim() !== '',
    }),
  );
}

const rowOf = ({ name, kind, labels, help }: Metric): string =>
  `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} | |`;

describe('docs/metrics.md', () => {
  let app: TestApp;
  let live: Metric[];
  beforeAll(async () => {
    app = await TestApp.start();
    const service = aService();
    const reader = await subscribed(STREAM_DOORS[0], app, alertsOf(service));
    await app.publish(...alerts(service, 2));
    await reader.record.events(2);
    live = metricsOf(String((await app.get('/metrics')).body.text));
    await reader.close();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('has a row for every metric of the running service: paste what is missing', () => {
    const rows = new Map(documented().map((row) => [row.name, row]));
    expect(live.filter(({ name }) => !rows.has(name)).map(rowOf)).toEqual([]);
    const kinds = live.filter(({ name, kind }) => rows.get(name)?.kind !== kind);
    expect(kinds.map(rowOf)).toEqual([]);
  });

  it('names the labels that the series have', () => {
    const rows = new Map(documented().map((row) => [row.name, row]));
    const different = live.filter(
      ({ name, labels }) => labels.length > 0 && rows.get(name)?.labels.join() !== labels.join(),
    );
    expect(different.map(rowOf)).toEqual([]);
  });

  it('has no row for what there is not, unless it says when there is', () => {
    const names = new Set(live.map(({ name }) => name));
    const gone = documented().filter(({ name, isConditional }) => !names.has(name) && !isConditional);
    expect(gone.map(({ name }) => name)).toEqual([]);
  });

  it('shows the busiest topics, and what they did in the last minute', () => {
    const names = new Set(live.map(({ name }) => name));
    expect(names).toContain('performance_topic_latency_p99_ms');
    expect(live.find(({ name }) => name === 'performance_lane_deliveries_per_second')?.labels).toEqual([
      'partition',
      'tenant',
      'topic',
    ]);
  });
});
