import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface Wishes {
  readonly issuer?: Certificate;
  readonly usage?: 'server' | 'client';
  readonly isAuthority?: boolean;
  readonly dnsName?: string;
  readonly days?: readonly [from: number, to: number];
}

const DAY_MS = 86_400_000;

/** A certificate of an elliptic curve, signed by itself or by its issuer; good for 127.0.0.1 and localhost. */
export async function aCertificate(name: string, wishes: Wishes = {}): Promise<Certificate> {
  const { issuer, usage = 'server', isAuthority = false, dnsName = 'localhost', days = [-1, 30] } = wishes;
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() + days[0] * DAY_MS),
    notAfterDate: new Date(Date.now() + days[1] * DAY_MS),
    ...(issuer !== undefined && { ca: { cert: issuer.cert, key: issuer.key } }),
    extensions: isAuthority
      ? [
          { name: 'basicConstraints', cA: true, critical: true },
          { name: 'keyUsage', keyCertSign: true, cRLSign: true },
        ]
      : [
          { name: 'basicConstraints', cA: false },
          { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
          { name: 'extKeyUsage', serverAuth: usage === 'server', clientAuth: usage === 'client' },
          {
            name: 'subjectAltName',
            altNames: [
              { type: 2, value: dnsName },
              { type: 7, ip: '127.0.0.1' },
            ],
          },
        ],
  });
  return { cert, key };
}

/** Writes them where a service looks for them. */
export function writeCertificate(folder: string, name: string, { cert, key }: Certificate) {
  const files = { cert: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  return files;
}
