import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const compose = parse(read('docker/compose.yaml'), { merge: true });
const dockerfile = read('docker/Dockerfile').replace(/\\\n/g, ' ');
const instructions = dockerfile
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()]);
const sourceOf = (program) => program.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
const argumentsOf = (name) => instructions.filter(([each]) => each === name).map(([, rest]) => rest);
const namesIn = (file, pattern) => [...read(file).matchAll(pattern)].map(([, name]) => name);
const EXAMPLE = /^# ?([A-Z][A-Z0-9_]*)=/gm;
const RULES = /^ {2}([A-Z][A-Z0-9_]*):/gm;
/** By service: the settings that it has, those of its broker included. */
const SETTINGS = {
  monitoring: new Set([
    ...namesIn('.env.example', EXAMPLE),
    ...namesIn('libs/broker-kafka/src/kafka.config.ts', RULES),
  ]),
  'market-data': new Set([
    ...namesIn('apps/market-data/.env.example', EXAMPLE),
    ...namesIn('libs/broker-pulsar/src/pulsar.config.ts', RULES),
  ]),
};
const SERVICES = Object.keys(SETTINGS);

describe('docker/compose.yaml', () => {
  it('is what the compose specification says', () => {
    const { $schema: _draft7, ...schema } = JSON.parse(read('docker/compose-spec.schema.json'));
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const isValid = ajv.compile(schema);
    isValid(compose);
    expect(isValid.errors).toBeNull();
    expect(isValid({ services: { kafka: { imagee: 'typo' } } })).toBe(false);
  });

  it.each(SERVICES)('names settings that %s has', (service) => {
    const { environment } = compose.services[service];
    expect(Object.keys(environment).filter((name) => !SETTINGS[service].has(name))).toEqual([]);
  });

  it('runs programs of the image, on ports that it opens to this machine', () => {
    for (const service of SERVICES) {
      const { command = JSON.parse(argumentsOf('CMD').at(-1)), ports } = compose.services[service];
      expect(sourceOf(command.at(-1))).toBe(`apps/${service}/src/main.ts`);
      expect(fs.existsSync(path.join(root, sourceOf(command.at(-1))))).toBe(true);
      const open = argumentsOf('EXPOSE').join(' ').split(' ');
      for (const port of ports) expect(open).toContain(port.split(':').at(-1));
    }
    const { PORT, GRPC_PORT } = compose.services['market-data'].environment;
    expect(compose.services['market-data'].ports).toEqual([PORT, GRPC_PORT].map((port) => `127.0.0.1:${port}:${port}`));
  });

  it('depends on services, networks and volumes that it declares', () => {
    for (const service of Object.values(compose.services)) {
      expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(Object.keys(service.depends_on ?? {})));
      expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining(service.networks));
      const named = (service.volumes ?? []).map((volume) => volume.split(':')[0]);
      expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named));
    }
  });

  it('keeps the log of each broker of Kafka in a volume of its own, which outlives the container', () => {
    const brokers = Object.values(compose.services).filter(({ image }) => image?.startsWith('apache/kafka:'));
    const mounts = brokers.map(({ volumes }) => volumes.map((volume) => volume.split(':')));
    expect(brokers.length).toBeGreaterThan(1);
    for (const [index, { environment }] of brokers.entries()) {
      expect(mounts[index].map(([, target]) => target)).toContain(environment.KAFKA_LOG_DIRS);
    }
    const names = mounts.flat().map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('lets nobody in from beyond this machine', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it.each(SERVICES)('makes %s wait for what has a health check', (service) => {
    for (const [name, { condition }] of Object.entries(compose.services[service].depends_on)) {
      expect([name, condition]).toEqual([name, 'service_healthy']);
      expect(compose.services[name].healthcheck).toBeDefined();
    }
  });
});

describe('docker/Dockerfile', () => {
  it('builds in one stage and runs in another, on Node 24, as nobody who owns the program', () => {
    const stages = argumentsOf('FROM');
    expect(stages).toHaveLength(2);
    for (const stage of stages) expect(stage).toMatch(/^node:24-/);
    expect(argumentsOf('USER')).toEqual(['node']);
    expect(argumentsOf('HEALTHCHECK')).toHaveLength(1);
  });

  it('copies what is there, and runs what the build makes', () => {
    const copied = argumentsOf('COPY')
      .filter((rest) => rest.startsWith('--from=build'))
      .map((rest) => rest.split(/\s+/).find((word) => word.startsWith('/service/')))
      .map((place) => place.slice('/service/'.length));
    expect(copied.filter((place) => place !== 'node_modules' && !fs.existsSync(path.join(root, place)))).toEqual([]);
    const program = JSON.parse(argumentsOf('CMD').at(-1)).at(-1);
    expect(copied).toEqual(expect.arrayContaining(SERVICES.map((service) => `apps/${service}`)));
    expect(fs.existsSync(path.join(root, sourceOf(program)))).toBe(true);
  });

  describe('its health check', () => {
    const [, command] = argumentsOf('HEALTHCHECK')[0].split(' CMD ');
    const [program, ...args] = JSON.parse(command);
    let folder;
    let server;
    beforeEach(() => {
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-health-'));
    });
    afterEach(() => {
      server?.close();
      fs.rmSync(folder, { recursive: true });
    });

    /** The exit code, of a service that answers so. */
    async function codeFor(status, tls) {
      const answer = (request, response) => response.writeHead(request.url === '/health/ready' ? status : 404).end();
      server = tls === undefined ? http.createServer(answer) : https.createServer(tls, answer);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const env = {
        ...process.env,
        PORT: server.address().port,
        TLS_CERT_FILE: tls === undefined ? '' : 'service.crt',
      };
      expect(program).toBe('node');
      const [code] = await once(spawn(process.execPath, args, { env, stdio: 'inherit' }), 'exit');
      server.close();
      return code;
    }

    it('is passed by a service that is ready, and by no other', async () => {
      expect(await codeFor(200)).toBe(0);
      expect(await codeFor(503)).toBe(1);
    });

    it('is passed by one that speaks TLS, whoever has signed its certificate', async () => {
      const [key, cert] = ['key', 'crt'].map((name) => path.join(folder, `service.${name}`));
      const subject = ['-subj', '/CN=somewhere.example', '-days', '1'];
      const { status } = spawnSync('openssl', [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert],
        ...subject,
      ]);
      expect(status).toBe(0);
      const tls = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
      expect(await codeFor(200, tls)).toBe(0);
      expect(await codeFor(503, tls)).toBe(1);
    });
  });

  it('is given no file of settings of whoever builds it', () => {
    expect(read('.dockerignore').split('\n')).toContain('**/.env');
    expect(read('.gitignore').split('\n')).toContain('**/.env');
  });

  it.each(SERVICES)('gives settings that %s has', (service) => {
    const names = [
      ...argumentsOf('ENV')
        .join(' ')
        .matchAll(/([A-Z_]+)=/g),
    ].map(([, name]) => name);
    expect(names.filter((name) => name !== 'NODE_ENV' && !SETTINGS[service].has(name))).toEqual([]);
  });

  it('has all that the services import when the tools of development are gone', () => {
    const { dependencies } = JSON.parse(read('package.json'));
    const own = /^(@distributary\/|distributary$|node:|\.)/;
    const imported = new Map();
    const libraries = fs.readdirSync(path.join(root, 'libs')).map((name) => `libs/${name}`);
    for (const project of [...SERVICES.map((service) => `apps/${service}`), ...libraries]) {
      for (const file of fs.readdirSync(path.join(root, project, 'src'), { recursive: true })) {
        if (!file.endsWith('.ts') || /\.(spec|contract)\.ts$|(^|\/)testing\//.test(file)) continue;
        const text = read(path.join(project, 'src', file));
        for (const [, , name] of text.matchAll(/^(import|export) (?!type )[^;]*?from '([^']+)'/gm)) {
          if (own.test(name)) continue;
          const [scope, rest] = name.split('/');
          imported.set(name.startsWith('@') ? `${scope}/${rest}` : scope, path.join(project, 'src', file));
        }
      }
    }
    expect(imported.size).toBeGreaterThan(10);
    expect([...imported].filter(([name]) => !(name in dependencies))).toEqual([]);
  });
});
