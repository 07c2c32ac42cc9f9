import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';

/** Certificates of one day's use, made by openssl; nothing of them is ever in the repository. */
export interface Certificates {
  /** PEM of whoever signed the server's. */
  readonly ca: string;
  /** PEM of somebody else. */
  readonly otherCa: string;
  /** PEM of a client whose name is the given one, signed by the same as the server's. */
  readonly client: { readonly certificate: string; readonly key: string };
  /** For the server: its authority; its key and certificate in one file. */
  readonly files: { readonly ca: string; readonly server: string };
}

const DAYS = '7';
/** Elliptic curves: a key is there at once. */
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** In `folder`, once. The server's is for 127.0.0.1 and localhost. */
export async function makeCertificates(folder: string, client: string): Promise<Certificates> {
  const file = (name: string) => path.join(folder, name);
  if (!existsSync(file('done'))) {
    mkdirSync(folder, { recursive: true });
    for (const name of ['ca', 'other']) {
      const subject = ['-subj', `/CN=${name} of the tests`];
      await openssl(folder, ['req', '-x509', ...KEY, '-days', DAYS, ...subject, ...into(name)]);
    }
    await signed(folder, 'server', 'localhost', ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']);
    await signed(folder, 'client', client, []);
    writeFileSync(file('server.pem'), read(file('server.key')) + read(file('server.crt')) + read(file('ca.crt')));
    writeFileSync(file('done'), '');
  }
  return {
    ca: read(file('ca.crt')),
    otherCa: read(file('other.crt')),
    client: { certificate: read(file('client.crt')), key: read(file('client.key')) },
    files: { ca: file('ca.crt'), server: file('server.pem') },
  };
}

const read = (file: string): string => readFileSync(file, 'utf8');
const into = (name: string): string[] => ['-keyout', `${name}.key`, '-out', `${name}.crt`];

async function signed(folder: string, name: string, commonName: string, more: readonly string[]): Promise<void> {
  const request = ['req', ...KEY, '-subj', `/CN=${commonName}`, ...more];
  await openssl(folder, [...request, '-keyout', `${name}.key`, '-out', `${name}.csr`]);
  const sign = ['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
  await openssl(folder, [...sign, '-days', DAYS, '-copy_extensions', 'copy', '-out', `${name}.crt`]);
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  const { code, output } = await run('openssl', args, { cwd });
  if (code !== 0) throw new Error(`a certificate could not be made; this needs openssl 3:\n${output.slice(-1_000)}`);
}
