import { type X509Certificate } from 'node:crypto';
import { type Filter, parseFilter, type Principal, VERBS } from '@distributary/distribution-core';
import { z } from 'zod';

const permissionSchema = z.object({
  verbs: z.array(z.enum(VERBS)).min(1),
  topic_pattern: z.string().min(1),
  constraint: z.unknown().optional(),
});

const entrySchema = z.object({
  match: z.string().min(3),
  id: z.string().min(1).max(200),
  tenant: z.string().min(1).max(64).default('default'),
  permissions: z.array(permissionSchema).min(1),
});

/** Which certificates stand for whom. */
export interface CertificatePrincipal {
  readonly match: string;
  readonly principal: Principal;
}

/** JSON text of a list of entries; a constraint is a filter as JSON or as CEL text. */
export function certificatePrincipalsText() {
  return z.string().transform((text, context): readonly CertificatePrincipal[] => {
    try {
      return z.array(entrySchema).parse(JSON.parse(text)).map(principalOf);
    } catch (error) {
      const message = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
      context.addIssue({ code: 'custom', message: `must be a JSON list of certificate principals: ${message}` });
      return z.NEVER;
    }
  });
}

function principalOf({ match, id, tenant, permissions }: z.infer<typeof entrySchema>): CertificatePrincipal {
  return {
    match,
    principal: {
      id,
      kind: 'certificate',
      tenant,
      permissions: permissions.map(({ verbs, topic_pattern, constraint }) => ({
        verbs,
        topicPattern: topic_pattern,
        constraint: constraint === undefined ? undefined : (parseFilter(constraint) as Filter),
      })),
      expiresAtMicros: undefined,
    },
  };
}

/** `match` is a whole part of the subject (`CN=collector`) or a whole alternative name (`DNS:…`, `URI:…`, `email:…`). */
export function findCertificatePrincipal(
  certificate: X509Certificate,
  entries: readonly CertificatePrincipal[],
): Principal | undefined {
  const names = new Set([...certificate.subject.split('\n'), ...(certificate.subjectAltName ?? '').split(', ')]);
  const found = entries.find(({ match }) => names.has(match));
  return found && { ...found.principal, expiresAtMicros: Date.parse(certificate.validTo) * 1_000 };
}
