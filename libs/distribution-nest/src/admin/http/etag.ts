import { invalidRequest, type Precondition, type ResourceVersion } from '@distributary/distribution-core';
import { z } from 'zod';

const MAX_HEADER_LENGTH = 2_000;
const STRONG = /^"([\x21\x23-\x7e]{0,200})"$/;
const WEAK = /^W\/"[\x21\x23-\x7e]{0,200}"$/;

/** For the contracts of changing routes. */
export const ifMatchHeaders = z.object({
  'if-match': z.string().max(MAX_HEADER_LENGTH).optional().describe('The ETag that the change is meant for'),
});

/** For the contracts of routes that answer with one resource. */
export const ETAG_HEADER = { ETag: 'Of this state of the resource; for If-Match' } as const;

export const etagOf = (version: ResourceVersion): string => `"${version}"`;

/** The header `If-Match`. `request.invalid` if it is none. Weak tags compare strongly, as RFC 9110 has it: never equal. */
export function preconditionOf(header: string | undefined): Precondition {
  const text = header?.trim();
  if (text === undefined || text === '') return undefined;
  if (text === '*') return 'any';
  const versions: string[] = [];
  for (const tag of text.slice(0, MAX_HEADER_LENGTH).split(',')) {
    const version = STRONG.exec(tag.trim())?.[1];
    if (version !== undefined) versions.push(version);
    else if (!WEAK.test(tag.trim()))
      throw invalidRequest([{ path: 'if-match', rule: 'must be "*" or a list of quoted ETags' }]);
  }
  return versions;
}

/** A part of a reply that controllers touch; Fastify's. */
export interface HeaderSink {
  header(name: string, value: string): unknown;
}

/** Answers with a resource and says which state of it that is. */
export function tagged<Body>(reply: HeaderSink, version: ResourceVersion, body: Body): Body {
  reply.header('etag', etagOf(version));
  return body;
}
