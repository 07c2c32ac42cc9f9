import type { DistributionError } from '@distributary/distribution-core';
import { readCloudEvents } from './read-cloud-events.js';

const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const BINARY = {
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/s',
  'ce-type': 't',
};
const event = { specversion: '1.0', id: '1', source: '/s', type: 't' };

function problemsOf(body: unknown, headers: Record<string, string> = STRUCTURED): string[] {
  try {
    readCloudEvents(headers, body);
  } catch (error) {
    return (error as DistributionError).problems.map(({ path }) => path);
  }
  return [];
}

describe('CloudEvents over HTTP', () => {
  it('are not every request', () => {
    expect(readCloudEvents({ 'content-type': 'application/json' }, event)).toBeUndefined();
    expect(readCloudEvents({}, undefined)).toBeUndefined();
  });

  it('have attributes in headers in binary mode, decoded', () => {
    const headers = { ...BINARY, 'ce-subject': 'z%C3%BCrich 100%', 'ce-myext': '"a \\" b"', other: 'x' };
    expect(readCloudEvents(headers, { a: 1 })).toEqual([
      {
        id: '1',
        source: '/s',
        type: 't',
        subject: 'zürich 100%',
        time: undefined,
        extensions: { myext: 'a " b' },
        data: { a: 1 },
      },
    ]);
  });

  it('have data as it is, in base64, or none', () => {
    const dataOf = (more: object) => readCloudEvents(STRUCTURED, { ...event, ...more })?.[0].data;
    expect(dataOf({ data: [1] })).toEqual([1]);
    expect(dataOf({ data: null, subject: null })).toBeUndefined();
    expect(dataOf({ data_base64: Buffer.from('{"a":1}').toString('base64') })).toEqual({ a: 1 });
    expect(dataOf({ data: 1, datacontenttype: 'application/vnd.x+json; charset=utf-8' })).toBe(1);
  });

  it.each([
    [{ ...event, data_base64: 'eA==' }, ['events[0].data_base64']],
    [{ ...event, data: 1, data_base64: 'MQ==' }, ['events[0].data_base64']],
    [{ ...event, datacontenttype: 'text/plain' }, ['events[0].datacontenttype']],
    [
      { ...event, Upper: 1, nested: {}, long: 'x'.repeat(1_001), fine: true, none: null },
      ['events[0].Upper', 'events[0].nested', 'events[0].long'],
    ],
    [{ ...event, ...Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`e${at}`, at])) }, ['events[0]']],
    [
      { time: 'now' },
      ['events[0].specversion', 'events[0].id', 'events[0].source', 'events[0].type', 'events[0].time'],
    ],
    [7, ['events[0]']],
  ])('name what is wrong with %j', (body, paths) => {
    expect(problemsOf(body)).toEqual(paths);
  });

  it('of a batch are in a list, and headers are UTF-8', () => {
    const batch = { 'content-type': 'application/cloudevents-batch+json' };
    expect(readCloudEvents(batch, [event, event])).toHaveLength(2);
    expect(problemsOf(event, batch)).toEqual(['events']);
    expect(problemsOf({}, { ...BINARY, 'ce-id': '%C3%28' })).toEqual(['ce-id']);
  });
});
