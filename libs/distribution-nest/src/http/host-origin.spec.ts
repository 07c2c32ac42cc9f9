import { decideHostOrigin } from './host-origin.js';
import { traceIdOf } from './trace-id.js';
import { pathText } from './validation.js';

const policy = { allowedHosts: ['events.example.com', 'proxy:8443'], allowedOrigins: ['https://console.example.com'] };

describe('decideHostOrigin', () => {
  it.each([
    ['localhost', undefined, 'no_origin'],
    ['localhost:7101', undefined, 'no_origin'],
    ['127.0.0.1:7101', undefined, 'no_origin'],
    ['[::1]:7101', undefined, 'no_origin'],
    ['LOCALHOST:7101', undefined, 'no_origin'],
    ['events.example.com:99', undefined, 'no_origin'],
    ['proxy:8443', undefined, 'no_origin'],
    ['localhost:7101', 'http://localhost:7101', 'same_origin'],
    ['events.example.com', 'https://events.example.com', 'same_origin'],
    ['events.example.com:443', 'https://events.example.com', 'same_origin'],
    ['localhost:7101', 'https://console.example.com', 'listed_origin'],
  ])('lets %s called by %s in: %s', (host, origin, reason) => {
    expect(decideHostOrigin(host, origin, policy)).toEqual({ isAllowed: true, reason });
  });

  it.each([
    [undefined, undefined, 'host_missing'],
    ['', undefined, 'host_missing'],
    ['evil.com', undefined, 'host_refused'],
    ['evil.com:7101', 'http://evil.com:7101', 'host_refused'],
    ['localhost.evil.com', undefined, 'host_refused'],
    ['proxy:8444', undefined, 'host_refused'],
    ['evil.com@localhost', undefined, 'host_refused'],
    ['localhost/evil.com', undefined, 'host_refused'],
    ['[bad', undefined, 'host_refused'],
    ['localhost:7101', 'http://evil.com', 'origin_refused'],
    ['localhost:7101', 'http://localhost:7100', 'origin_refused'],
    ['localhost:7101', 'null', 'origin_refused'],
    ['localhost:7101', 'file://', 'origin_refused'],
    ['localhost:7101', 'https://console.example.com.evil.com', 'origin_refused'],
  ])('keeps %s called by %s out: %s', (host, origin, reason) => {
    expect(decideHostOrigin(host, origin, policy)).toEqual({ isAllowed: false, reason });
  });
});

describe('traceIdOf', () => {
  const ids = { uuid: () => '00000000-1111-4222-8333-444444444444', random: () => 0 };
  const trace = '0af7651916cd43dd8448eb211c80319c';

  it('is the one of the traceparent header', () => {
    expect(traceIdOf(`00-${trace}-b7ad6b7169203331-01`, ids)).toBe(trace);
  });

  it.each([undefined, 'nonsense', ['a', 'b'], `00-${'0'.repeat(32)}-b7ad6b7169203331-01`])(
    'is a new one for %s',
    (given) => {
      expect(traceIdOf(given, ids)).toBe('00000000111142228333444444444444');
    },
  );
});

describe('pathText', () => {
  it('writes paths as one would in code', () => {
    expect(pathText(['events', 3, { key: 'topic' }])).toBe('events[3].topic');
    expect(pathText([])).toBe('');
  });
});
