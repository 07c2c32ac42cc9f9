import { randomUUID } from 'node:crypto';
import type { IdSource } from '@distributary/distribution-core';

export class SystemIds implements IdSource {
  uuid(): string {
    return randomUUID();
  }

  random(): number {
    return Math.random();
  }
}
