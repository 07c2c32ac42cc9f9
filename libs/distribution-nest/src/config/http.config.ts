import { z } from 'zod';
import { integerText, listText, portText, setting } from './setting.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** What every service that listens has in common. Apps join the shapes of the parts that they are made of. */
export const httpConfig = z.object({
  HOST: setting(z.string(), {
    about: 'Address to listen on. Beyond this machine only with AUTH=required.',
    default: '127.0.0.1',
  }),
  PORT: setting(portText(), { about: 'Port of REST and WebSocket; 0 takes a free one.', default: '7101' }),
  GRPC_PORT: setting(portText(), { about: 'Port of gRPC; 0 takes a free one.', default: '7201' }),
  ALLOWED_HOSTS: setting(listText(), {
    about: 'Host names, with or without port, under which clients may call, besides localhost. Separated by commas.',
    default: '',
  }),
  ALLOWED_ORIGINS: setting(
    listText().refine(
      (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
      'must be origins such as https://console.example.com, separated by commas',
    ),
    { about: 'Origins of web pages that may call, besides pages of the same host. Separated by commas.', default: '' },
  ),
  LOG_LEVEL: setting(z.enum(LOG_LEVELS), { about: `One of ${LOG_LEVELS.join(', ')}.`, default: 'info' }),
  WEBSOCKET_DEFLATE: setting(z.enum(['off', 'on']), {
    about:
      'on: WebSocket clients that ask for permessage-deflate get frames above 1 KB compressed, once for all readers.',
    default: 'off',
  }),
  MAX_BODY_BYTES: setting(integerText(1_024, 1_073_741_824), {
    about: 'Largest body of a request.',
    default: '4194304',
  }),
  HEALTH_CHECK_TIMEOUT_MS: setting(integerText(10, 60_000), {
    about: 'How long the readiness check waits for one dependency.',
    default: '1000',
  }),
  DRAIN_TIMEOUT_MS: setting(integerText(0, 600_000), {
    about: 'How long the service may take, after SIGTERM, to finish its work and close its connections.',
    default: '10000',
  }),
});

export type HttpConfig = Readonly<z.output<typeof httpConfig>>;
