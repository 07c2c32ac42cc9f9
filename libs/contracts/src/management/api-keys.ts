import { z } from 'zod';

const permission = {
  /** Which of publish, subscribe, read and manage. */
  verbs: z
    .array(z.enum(['publish', 'subscribe', 'read', 'manage']))
    .min(1)
    .max(4),
  /** Over the topics of the tenant: `+` one level, `#` the rest. */
  topic_pattern: z.string().min(1).max(512),
};

export const permissionInputSchema = z
  .strictObject({
    ...permission,
    topic_pattern: permission.topic_pattern.default('#'),
    constraint: z.unknown().describe('Only events that pass this filter: CEL text or the filter tree'),
  })
  .partial({ constraint: true })
  .meta({ id: 'PermissionInput' });

export const permissionSchema = z
  .object({ ...permission, constraint: z.unknown().optional() })
  .meta({ id: 'Permission' });

/** `POST api-keys`. */
export const newApiKeySchema = z
  .strictObject({
    name: z.string().min(1).max(200),
    permissions: z.array(permissionInputSchema).min(1).max(100),
    expires_at: z.iso.datetime({ offset: true }).optional(),
  })
  .meta({ id: 'NewApiKey' });

export const apiKeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    permissions: z.array(permissionSchema),
    status: z.enum(['active', 'expired', 'revoked']),
    created_at: z.string(),
    expires_at: z.string().optional(),
    revoked_at: z.string().optional(),
    /** Not exact: written now and then. */
    last_used_at: z.string().optional(),
  })
  .meta({ id: 'ApiKey' });

/** The only answer that has the key itself; a repeated one (`Idempotency-Key`) has not. */
export const createdApiKeySchema = apiKeySchema.extend({ key: z.string().optional() }).meta({ id: 'CreatedApiKey' });

export type NewApiKeyInput = z.output<typeof newApiKeySchema>;
export type ApiKeyView = z.output<typeof apiKeySchema>;
