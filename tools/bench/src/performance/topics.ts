import type { ServerProcess } from '../server-process.js';

const TOPICS_PATH = '/api/v1/monitoring/topics';

export const metricTopics = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `monitoring/metrics/bench/${index}`);

/** Of METRICS, with one lane each. */
export async function createTopics(server: ServerProcess, names: readonly string[]): Promise<void> {
  for (const name of names) await createTopic(server, { name, data_type: 'METRICS' });
}

export async function createTopic(server: ServerProcess, topic: object): Promise<void> {
  const response = await fetch(`${server.origin}${TOPICS_PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(topic),
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`the topic was not made: ${response.status} ${answer}`);
}
