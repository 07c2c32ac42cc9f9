import type { ApiKeyView } from '@distributary/contracts';
import { type ApiKey, permissionToJson } from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';

/** A key as REST tells of it: nothing that could be used as one. */
export function apiKeyView(key: ApiKey, nowMicros: number): ApiKeyView {
  const { id, name, permissions, createdAtMicros, expiresAtMicros, revokedAtMicros, lastUsedAtMicros } = key;
  const optional = { expires_at: expiresAtMicros, revoked_at: revokedAtMicros, last_used_at: lastUsedAtMicros };
  return {
    id,
    name,
    permissions: permissions.map((permission) => {
      const { verbs, ...others } = permissionToJson(permission);
      return { verbs: [...verbs], ...others };
    }),
    status: statusOf(key, nowMicros),
    created_at: isoTime(createdAtMicros),
    ...Object.fromEntries(
      Object.entries(optional).flatMap(([field, micros]) => (micros === undefined ? [] : [[field, isoTime(micros)]])),
    ),
  };
}

function statusOf({ revokedAtMicros, expiresAtMicros }: ApiKey, nowMicros: number): ApiKeyView['status'] {
  if (revokedAtMicros !== undefined) return 'revoked';
  return expiresAtMicros !== undefined && expiresAtMicros <= nowMicros ? 'expired' : 'active';
}
