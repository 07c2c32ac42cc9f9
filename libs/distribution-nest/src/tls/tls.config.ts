import { z } from 'zod';
import type { ConfigurationProblem } from '../config/load-config.js';
import { optionalSetting, setting } from '../config/setting.js';
import { certificatePrincipalsText } from './certificate-principals.js';

export const CLIENT_CERTIFICATES = ['none', 'optional', 'required'] as const;
export type ClientCertificates = (typeof CLIENT_CERTIFICATES)[number];

/** Certificates of every door: REST, SSE and WebSocket on one port, gRPC on the other. */
export const tlsConfig = z.object({
  TLS_CERT_FILE: optionalSetting(z.string(), {
    about:
      'Certificate chain in PEM. With TLS_KEY_FILE every door speaks TLS, and only TLS. Read again when it changes.',
  }),
  TLS_KEY_FILE: optionalSetting(z.string(), { about: 'Private key of TLS_CERT_FILE, in PEM.' }),
  TLS_CLIENT_CA_FILE: optionalSetting(z.string(), {
    about: 'Certificates in PEM, one of which issued the certificates of clients.',
  }),
  TLS_CLIENT_AUTH: setting(z.enum(CLIENT_CERTIFICATES), {
    about: `Client certificates: one of ${CLIENT_CERTIFICATES.join(', ')}.`,
    default: 'none',
  }),
  TLS_CLIENT_PRINCIPALS: setting(certificatePrincipalsText(), {
    about:
      'Who a client certificate stands for, as a JSON list: ' +
      '[{"match":"CN=collector","id":"collector","tenant":"default","permissions":[{"verbs":["publish"],"topic_pattern":"#"}]}]. ' +
      'match: a part of the subject, or an alternative name such as DNS:collector.internal. The first that fits counts.',
    default: '[]',
  }),
});

export type TlsConfig = Readonly<z.output<typeof tlsConfig>>;

/** What no single setting can say about itself. */
export function tlsProblems(config: TlsConfig): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  const must = (isKept: boolean, variable: string, rule: string) => {
    if (!isKept) problems.push({ variable, rule, given: undefined });
  };
  const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CLIENT_CA_FILE: ca, TLS_CLIENT_AUTH: auth } = config;
  must(cert === undefined || key !== undefined, 'TLS_KEY_FILE', 'is required with TLS_CERT_FILE');
  must(key === undefined || cert !== undefined, 'TLS_CERT_FILE', 'is required with TLS_KEY_FILE');
  must(auth === 'none' || cert !== undefined, 'TLS_CLIENT_AUTH', 'needs TLS_CERT_FILE and TLS_KEY_FILE');
  must(auth === 'none' || ca !== undefined, 'TLS_CLIENT_CA_FILE', 'is required when clients show certificates');
  must(
    auth !== 'none' || config.TLS_CLIENT_PRINCIPALS.length === 0,
    'TLS_CLIENT_PRINCIPALS',
    'has no effect while TLS_CLIENT_AUTH is none',
  );
  return problems;
}
