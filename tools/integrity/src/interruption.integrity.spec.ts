import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';

const MAIN = path.resolve(import.meta.dirname, '../dist/main.js');

describe('a play that is interrupted', () => {
  it('leaves nothing in the folder of temporary files', async () => {
    const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-interrupted-'));
    // A database that does not run as root must be able to reach its own folder below.
    fs.chmodSync(temporary, 0o755);
    const play = spawn(process.execPath, [MAIN, 'clock-step', '--small'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    });
    try {
      let told = '';
      play.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
      await until('it to play', () => told.includes('fault 1'), 60_000);
      expect(fs.readdirSync(temporary)).not.toEqual([]);
      play.kill('SIGTERM');
      await until('its end', () => play.exitCode !== null || play.signalCode !== null, 30_000);
      expect(fs.readdirSync(temporary)).toEqual([]);
    } finally {
      play.kill('SIGKILL');
      fs.rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
    }
  }, 120_000);
});
