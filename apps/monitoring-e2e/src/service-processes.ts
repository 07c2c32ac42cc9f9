import path from 'node:path';
import { ServiceProcesses } from '@distributary/distribution-service/testing';
import { TestApp } from './harness.js';

const file = path.resolve(import.meta.dirname, '../../monitoring/dist/main.js');

/** The monitoring service as it is run. */
export const startProcesses = (
  env: Readonly<Record<string, string>>,
  meanwhile?: (service: ServiceProcesses) => Promise<void>,
): Promise<ServiceProcesses> => ServiceProcesses.start({ file, surroundings: TestApp.surroundings }, env, meanwhile);
