import { z } from 'zod';
import { integerText, listText, setting } from '../config/setting.js';
import { isProxyAddress } from './trusted-proxies.js';

const rate = () => integerText(0, 10_000_000);

/** How much one caller, and all of them together, may ask of the doors. */
export const limitsConfig = z.object({
  RATE_LIMIT_PER_KEY: setting(rate(), {
    about: 'Requests a second of one API key, token subject or certificate, over REST and gRPC; 0: any number.',
    default: '2000',
  }),
  RATE_LIMIT_PER_KEY_BURST: setting(rate(), {
    about: 'Requests that a key may make at once, when it made none before.',
    default: '4000',
  }),
  RATE_LIMIT_PER_ADDRESS: setting(rate(), {
    about: 'Requests and handshakes a second of one address (of one /64 with IPv6), whoever calls; 0: any number.',
    default: '4000',
  }),
  RATE_LIMIT_PER_ADDRESS_BURST: setting(rate(), {
    about: 'Requests and handshakes that an address may make at once, when it made none before.',
    default: '8000',
  }),
  RATE_LIMIT_TRACKED: setting(integerText(100, 1_000_000), {
    about:
      'Keys, and addresses, whose rate is remembered, about 200 bytes each; the one that was idle longest is forgotten.',
    default: '10000',
  }),
  MAX_CONNECTIONS_PER_KEY: setting(integerText(1, 1_000_000), {
    about: 'Streams at a time of one key, over all transports.',
    default: '10000',
  }),
  MAX_CONNECTIONS_PER_ADDRESS: setting(integerText(1, 1_000_000), {
    about: 'Streams at a time of one address (of one /64 with IPv6), over all transports.',
    default: '10000',
  }),
  MAX_SUBSCRIPTIONS_PER_SESSION: setting(integerText(1, 10_000), {
    about: 'Subscriptions at a time of one connection.',
    default: '100',
  }),
  MAX_FRAME_BYTES: setting(integerText(1_024, 67_108_864), {
    about: 'The largest WebSocket message that a client may send; a larger one closes with 4413.',
    default: '1048576',
  }),
  HANDSHAKES_PER_SECOND: setting(rate(), {
    about: 'WebSocket handshakes a second of all clients together; 0: any number.',
    default: '2000',
  }),
  HANDSHAKES_BURST: setting(rate(), {
    about: 'WebSocket handshakes at once, after a quiet time: a service that returns meets all its clients.',
    default: '10000',
  }),
  MAX_CONCURRENT_HANDSHAKES: setting(integerText(1, 1_000_000), {
    about: 'Connections of HTTP, TLS and WebSocket that have not sent their first request yet; more are cut off.',
    default: '2000',
  }),
  MAX_IDLE_CONNECTIONS: setting(integerText(1, 1_000_000), {
    about: 'Connections of HTTP that wait for a next request; of more, the one that waits longest is closed.',
    default: '10000',
  }),
  KEEP_ALIVE_MS: setting(integerText(1_000, 3_600_000), {
    about: 'How long a connection of HTTP may wait for a next request, in milliseconds.',
    default: '72000',
  }),
  TRUSTED_PROXIES: setting(
    listText().refine(
      (proxies) => proxies.every(isProxyAddress),
      'must be addresses or networks such as 10.0.0.0/8, separated by commas',
    ),
    {
      about:
        'Addresses and networks of proxies whose X-Forwarded-For says who calls, for the limits per address and the audit log. ' +
        'Separated by commas; empty: nobody is believed.',
      default: '',
    },
  ),
});

export type LimitsConfig = Readonly<z.output<typeof limitsConfig>>;
