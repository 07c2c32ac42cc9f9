import { z } from 'zod';
import { pageQuerySchema, pageSchemaOf } from '../page.js';

const OUTCOMES = ['done', 'refused', 'failed'] as const;
const name = z.string().min(1).max(300).optional();

/** `GET audit`: the newest first; everything that is given has to fit. */
export const auditQuerySchema = pageQuerySchema.extend({
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'must be the cursor of a page')
    .optional(),
  principal: name,
  act: name,
  target: name,
  outcome: z.enum(OUTCOMES).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
});

export const auditEntrySchema = z
  .object({
    id: z.string(),
    timestamp: z.iso.datetime(),
    tenant: z.string(),
    principal: z.string(),
    principal_kind: z.string(),
    /** `topics.create`, `authentication`. */
    act: z.string(),
    target: z.string().optional(),
    outcome: z.enum(OUTCOMES),
    code: z.string().optional(),
    door: z.string(),
    trace_id: z.string().optional(),
    address: z.string().optional(),
    before: z.unknown().optional(),
    after: z.unknown().optional(),
    count: z.int(),
  })
  .meta({ id: 'AuditEntry' });

export const auditPageSchema = pageSchemaOf(auditEntrySchema);
export type AuditEntryView = z.infer<typeof auditEntrySchema>;
