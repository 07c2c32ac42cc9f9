import path from 'node:path';
import { type Environment, ServiceProcesses } from '@distributary/distribution-service/testing';
import { TestApp } from './harness.js';

const PROGRAM = path.resolve(import.meta.dirname, '../../monitoring/dist/main.js');

/** The monitoring service as it is run. */
export const startProcesses = (env: Environment): Promise<ServiceProcesses> =>
  ServiceProcesses.start(PROGRAM, (logFolder) => ({ ...TestApp.surroundings(logFolder), ...env }) as Environment);
