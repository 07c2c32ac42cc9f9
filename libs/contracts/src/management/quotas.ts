import { z } from 'zod';

const MOST = 1_000_000_000_000;
/** null: any number. */
const count = z.int().min(0).max(MOST).nullable();
const rate = z.int().min(1).max(MOST).nullable();

/** `PUT tenants/{tenant}/quota`: the whole of it; rates and connections hold for each process. */
export const tenantQuotaSchema = z
  .strictObject({
    topics: count,
    durable_subscriptions: count,
    connections: count,
    ingest_events_per_second: rate,
    ingest_bytes_per_second: rate,
    egress_bytes_per_second: rate,
  })
  .meta({ id: 'TenantQuota' });

export const tenantQuotaViewSchema = z
  .object({
    tenant: z.string(),
    quota: tenantQuotaSchema,
    /** The configuration's, since the tenant has none of its own. */
    is_default: z.boolean(),
    updated_at: z.iso.datetime().optional(),
    updated_by: z.string().optional(),
    /** Topics and subscriptions of all processes, the rest of this one; rates over about ten seconds. */
    usage: z.object({
      topics: z.int(),
      durable_subscriptions: z.int(),
      connections: z.int(),
      ingest_events_per_second: z.number(),
      ingest_bytes_per_second: z.number(),
      /** 0 while no limit of egress is set anywhere: it is not counted then. */
      egress_bytes_per_second: z.number(),
    }),
  })
  .meta({ id: 'TenantQuotaView' });

export type TenantQuotaInput = z.infer<typeof tenantQuotaSchema>;
export type TenantQuotaView = z.infer<typeof tenantQuotaViewSchema>;
