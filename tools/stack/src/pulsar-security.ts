import { createHmac } from 'node:crypto';
import path from 'node:path';
import { type Certificates, makeCertificates } from './certificates.js';
import { pulsarPorts } from './pulsar-properties.js';

/** It signs tokens for tests on one machine, so it is no secret. */
const SIGNING_KEY = Buffer.from('distributary tests sign with it 1');

/** Whom the secured Pulsar knows, by the token of each. */
export const PULSAR_TOKENS = {
  /** May do everything. */
  admin: tokenOf('admin'),
  /** Administrates the tenant `public`: what a service needs. */
  service: tokenOf('service'),
  /** Is let in, and may do nothing. */
  stranger: tokenOf('stranger'),
} as const;

/** A JSON Web Token, HS256. */
function tokenOf(role: string, key: Buffer = SIGNING_KEY): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256' })}.${part({ sub: role })}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

const FOLDER = 'certificates';

export const pulsarCertificates = (folder: string): Promise<Certificates> =>
  makeCertificates(path.join(folder, FOLDER), 'service');

/** Lines of its configuration, for a folder in which the certificates are. */
export function securePulsarProperties(port: number, folder: string): Readonly<Record<string, string>> {
  const file = (name: string) => path.join(folder, FOLDER, name);
  return {
    authenticationEnabled: 'true',
    authorizationEnabled: 'true',
    authenticationProviders: 'org.apache.pulsar.broker.authentication.AuthenticationProviderToken',
    tokenSecretKey: `data:;base64,${SIGNING_KEY.toString('base64')}`,
    superUserRoles: 'admin',
    brokerClientAuthenticationPlugin: 'org.apache.pulsar.client.impl.auth.AuthenticationToken',
    brokerClientAuthenticationParameters: `token:${PULSAR_TOKENS.admin}`,
    webServicePortTls: String(pulsarPorts(port).webTls),
    tlsCertificateFilePath: file('server.crt'),
    tlsKeyFilePath: file('server.key'),
    tlsTrustCertsFilePath: file('ca.crt'),
  };
}

export async function grantTenant(url: string): Promise<void> {
  const response = await fetch(`${url}/admin/v2/tenants/public`, {
    method: 'POST',
    headers: { authorization: `Bearer ${PULSAR_TOKENS.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ adminRoles: ['service'], allowedClusters: ['standalone'] }),
  });
  if (!response.ok) throw new Error(`no rights were granted: ${response.status} ${await response.text()}`);
}
