import { PostTemplate } from './post-template.js';

interface Posted {
  readonly event_id: string;
  readonly data: { readonly current_value: number };
}

const OPTIONS = { path: '/p', topic: 'monitoring/metrics', run: 'r1-', eventsPerPost: 3 };

function bodyOf({ bytes }: PostTemplate): string {
  const [head, body] = bytes.toString().split('\r\n\r\n');
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  return body;
}

describe('a prepared post', () => {
  it.each([
    ['json' as const, (body: string) => JSON.parse(body) as Posted[]],
    [
      'ndjson' as const,
      (body: string) =>
        body
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Posted),
    ],
  ])('of %s has other events each time, and as many bytes', (framing, parse) => {
    const template = new PostTemplate({ ...OPTIONS, framing });
    const size = template.bytes.length;
    const seen = new Set<string>();
    const values: number[] = [];
    for (const first of [0, 3, 99_999, 1_000_000_000]) {
      template.number(first);
      for (const { event_id: id, data } of parse(bodyOf(template))) {
        seen.add(id);
        values.push(data.current_value);
      }
    }
    expect(template.bytes).toHaveLength(size);
    expect(seen.size).toBe(12);
    expect(values.map((value) => value - values[0])).toEqual(
      [0, 3, 99_999, 1_000_000_000].flatMap((first) => [first, first + 1, first + 2]),
    );
  });
});
