import { spawnSync } from 'node:child_process';
import path from 'node:path';

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** For 127.0.0.1, signed by itself, for a day: whoever is asked in a bench takes any. Needs openssl. */
export function makeCertificate(folder: string): CertificateFiles {
  const files = { certificate: path.join(folder, 'bench.crt'), key: path.join(folder, 'bench.key') };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const out = ['-keyout', files.key, '-out', files.certificate];
  const made = spawnSync('openssl', ['req', '-x509', ...curve, '-days', '1', ...subject, ...out], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`no certificate could be made: ${made.error?.message ?? made.stderr}`);
  return files;
}
