import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { argumentsOf } from './arguments.js';
import { keyIn, typedPath } from './key-file.js';
import { servicesOf } from './services.js';
import { summaryOf } from './summary.js';

const addresses = {
  host: '127.0.0.1',
  port: '7101',
  grpcPort: '7201',
  marketData: { port: '7102', grpcPort: '7202' },
  keyFile: '.data/development.key',
  newKey: 'dk_new',
};

describe('npm start', () => {
  it('brings market data up beside monitoring, each with ports and data of its own', () => {
    const [monitoring, marketData] = servicesOf({ PORT: '1', MARKET_DATA_PORT: '2' }, '/data', { PROCESSES: '2' });
    expect(monitoring).toMatchObject({ port: '1', grpcPort: '7201', env: { DATA_DIR: '/data', PROCESSES: '2' } });
    expect(marketData).toMatchObject({
      port: '2',
      grpcPort: '7202',
      env: { PORT: '2', DATA_DIR: '/data/market-data', DEMO_TICKS_PER_SECOND: '20', PROCESSES: '2' },
    });
  });

  it('starts one process, or as many gateways as it is asked for', () => {
    expect(argumentsOf([])).toEqual({ env: {} });
    expect(argumentsOf(['--gateways', '2'])).toEqual({ env: { PROCESSES: '2' } });
  });

  it('says how it is used', () => {
    expect(argumentsOf(['--help'])).toEqual({ help: expect.stringContaining('usage: npm start') as string });
  });

  it.each([[['--gateways', '0']], [['--gateways']], [['--processes', '2']], [['two']]])(
    'explains itself when it is called with %j',
    (args) => {
      expect(argumentsOf(args)).toMatchObject({ problem: expect.stringContaining('usage: npm start') as string });
    },
  );

  it('prints commands for the addresses that the service has', () => {
    const text = summaryOf({ ...addresses, keyFile: undefined, newKey: undefined });
    expect(text).toContain("npx distributary tail 'monitoring/#'\n");
    expect(text).toContain('grpcurl -plaintext -d');
    expect(text).not.toContain('Bearer');
    expect(summaryOf({ ...addresses, port: '9' })).toContain('DISTRIBUTARY_URL=http://127.0.0.1:9');
  });

  it('prints commands that read the key from its file, and the key itself once', () => {
    const text = summaryOf(addresses);
    expect(text.match(/"Authorization: Bearer \$\(cat \.data\/development\.key\)"/g)).toHaveLength(8);
    expect(text.match(/--token-file \.data\/development\.key$/gm)).toHaveLength(5);
    expect(text).toContain('grpcurl -plaintext -H "authorization: Bearer $(cat .data/development.key)"');
    expect(text).toContain('dk_new');
    expect(summaryOf({ ...addresses, newKey: undefined })).not.toContain('dk_');
  });

  it('knows the key in a file, and the file as one types it', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'distributary-start-'));
    const file = path.join(folder, 'a.key');
    expect(keyIn(file)).toBeUndefined();
    expect(keyIn(undefined)).toBeUndefined();
    writeFileSync(file, 'dk_a_b\n');
    expect(keyIn(file)).toBe('dk_a_b');
    expect(typedPath(folder, file)).toBe('a.key');
    expect(typedPath(path.join(folder, 'deeper'), file)).toBe(file);
    rmSync(folder, { recursive: true });
  });

  it.each([
    [undefined, '127.0.0.1'],
    ['', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['::1', '[::1]'],
    ['::', '[::1]'],
    ['0.0.0.0', '127.0.0.1'],
  ])('prints, where HOST is %s, commands that call %s', (HOST, called) => {
    const [monitoring, marketData] = servicesOf({ HOST }, '/data', {});
    const text = summaryOf({ ...monitoring, marketData, keyFile: undefined, newKey: undefined });
    expect(text).toContain(`curl -N 'http://${called}:7101/`);
    expect(text).toContain(`'ws://${called}:7101/`);
    expect(text).toContain(` ${called}:7201 distributary.monitoring`);
    for (const [url] of text.matchAll(/http:[^ '\n]+/g)) expect(URL.canParse(url)).toBe(true);
  });
});
