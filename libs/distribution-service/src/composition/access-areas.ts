import type { Clock } from '@distributary/distribution-core';
import {
  adminArea,
  API_KEYS_CLOCK,
  ApiKeysController,
  ApiKeysService,
  type ServiceAccess,
} from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';

/** What callers may do about who may call. */
export function apiKeysArea(access: ServiceAccess, clock: Clock): DynamicModule {
  return adminArea(
    'ApiKeys',
    [ApiKeysController],
    [
      [ApiKeysService, access.apiKeys],
      [API_KEYS_CLOCK, clock],
    ],
  );
}
