import { alertmanagerWebhookSchema } from './alertmanager/webhook.js';
import { metricsDataSchema } from './monitoring/data.js';

const many = Object.fromEntries(Array.from({ length: 300_000 }, (_, at) => [`label${at}`, 0]));
const metricWith = (labels: unknown) => metricsDataSchema.safeParse({ metric_name: 'm', current_value: 1, labels });
const issuesOf = ({ error }: ReturnType<typeof metricWith>) =>
  error?.issues.map(({ path, message }) => [path.join('.'), message]);

describe('texts by their names', () => {
  it('are taken as they are', () => {
    expect(metricWith({ host: 'a', 'k8s.pod': 'x'.repeat(200) })).toMatchObject({
      success: true,
      data: { labels: { host: 'a', 'k8s.pod': 'x'.repeat(200) } },
    });
  });

  it.each([
    [{ host: 7 }, 'labels.host', 'must be a text'],
    [{ host: 'x'.repeat(201) }, 'labels.host', 'must have at most 200 characters'],
    [{ ['n'.repeat(101)]: 'x' }, `labels.${'n'.repeat(100)}`, 'must have a name of at most 100 characters'],
  ])('are refused with their path: %#', (labels, path, rule) => {
    expect(issuesOf(metricWith(labels))).toEqual([[path, rule]]);
  });

  it('are told the first that is wrong, however many are', () => {
    expect(issuesOf(metricWith(many))).toEqual([['labels.label0', 'must be a text']]);
    const alert = { status: 'firing', startsAt: '2026-01-01T00:00:00Z', labels: many, annotations: { a: 1 } };
    const { error } = alertmanagerWebhookSchema.safeParse({ version: '4', alerts: [alert] });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([
      'alerts.0.labels.label0',
      'alerts.0.annotations.a',
    ]);
  });
});
