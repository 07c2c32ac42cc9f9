import { isProxyAddress, TrustedProxies } from './trusted-proxies.js';

const proxies = new TrustedProxies(['10.0.0.0/8', '192.168.1.1', 'fd00::/8']);

describe('the client behind trusted proxies', () => {
  it.each([
    ['one proxy', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['two proxies', '10.0.0.1', '203.0.113.7, 192.168.1.1', '203.0.113.7'],
    ['what the client made up in front', '10.0.0.1', '1.2.3.4, 203.0.113.7', '203.0.113.7'],
    ['a proxy in IPv6 clothes', '::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['a proxy with IPv6', 'fd00::1', '2001:db8:1:2:3::4', '2001:db8:1:2::/64'],
    ['ports', '10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['brackets', '10.0.0.1', '[2001:db8:1:2::9]:4711', '2001:db8:1:2::/64'],
    ['nothing but proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['something that is no address in front of a proxy', '10.0.0.1', 'unknown, 10.0.0.2', '10.0.0.2'],
  ])('is found with %s', (_what, peer, header, client) => {
    expect(proxies.clientBehind(peer, header)).toBe(client);
  });

  it.each([
    ['the peer is nobody that we trust', '203.0.113.9', '1.2.3.4'],
    ['the peer is not known', undefined, '1.2.3.4'],
    ['no proxy says anything', '10.0.0.1', undefined],
    ['it says nothing that is an address', '10.0.0.1', 'unknown'],
    ['it is empty', '10.0.0.1', ''],
  ])('is the peer if %s', (_what, peer, header) => {
    expect(proxies.clientBehind(peer, header)).toBeUndefined();
  });

  it('does not cost more for a header that never ends', () => {
    const header = `${'10.0.0.2,'.repeat(100_000)}10.0.0.3`;
    expect(proxies.clientBehind('10.0.0.1', header)).toBe('10.0.0.2');
  });
});

describe('the setting', () => {
  it.each(['10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'])('takes %s', (text) => {
    expect(isProxyAddress(text)).toBe(true);
  });

  it.each(['', 'proxy.example.com', '10.0.0.0/33', '10.0.0.0/x', '10.0.0/8', '::1/129', '10.0.0.0/8/8'])(
    'refuses %j',
    (text) => {
      expect(isProxyAddress(text)).toBe(false);
    },
  );
});
