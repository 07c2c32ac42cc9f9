import {
  API_KEY_PREFIX,
  type Authenticator,
  DistributionError,
  LOCAL_PRINCIPAL,
  type Principal,
} from '@distributary/distribution-core';

/** How the service knows its callers. Undefined: it does not, and everybody is the local principal. */
export interface Authenticators {
  readonly apiKeys: Authenticator;
  /** Undefined: JWTs are not configured. */
  readonly jwts: Authenticator | undefined;
  /** For whom a client's certificate (DER) stands; undefined: for nobody. */
  readonly certificates?: (raw: Buffer) => Principal | undefined;
}

const BEARER = /^Bearer +(\S+)$/i;
const MAX_HEADER_LENGTH = 32 * 1024;

/** The one place that makes principals of what callers bring, the same for every door. */
export class AccessControl {
  constructor(private readonly authenticators: Authenticators | undefined) {}

  /** Nobody is asked who they are. */
  get isOff(): boolean {
    return this.authenticators === undefined;
  }

  /** Of callers without a token. `raw` gives the certificate that the peer showed, if it did. */
  ofCertificate(raw: () => Buffer | undefined): Principal | undefined {
    const certificates = this.authenticators?.certificates;
    if (certificates === undefined) return undefined;
    const certificate = raw();
    return certificate === undefined ? undefined : certificates(certificate);
  }

  /** `auth.missing` without a token, and for one that is not ours. */
  async authenticate(token: string | undefined): Promise<Principal> {
    if (this.authenticators === undefined) return LOCAL_PRINCIPAL;
    if (token === undefined || token === '')
      throw new DistributionError('auth.missing', 'this needs an API key or a token');
    const { apiKeys, jwts } = this.authenticators;
    if (token.startsWith(API_KEY_PREFIX)) return apiKeys.authenticate(token);
    if (jwts === undefined) throw new DistributionError('auth.missing', 'the token is not valid');
    return jwts.authenticate(token);
  }
}

export const OPEN_ACCESS = new AccessControl(undefined);

type Header = string | readonly string[] | undefined;

/** Of `Authorization: Bearer …` or `X-API-Key: …`; never of a URL, which ends up in logs. */
export function tokenOf(headers: Readonly<Record<string, Header>>): string | undefined {
  const authorization = textOf(headers.authorization);
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined)
      throw new DistributionError('auth.missing', 'Authorization must be: Bearer <key or token>');
    return token;
  }
  return textOf(headers['x-api-key']);
}

function textOf(header: Header): string | undefined {
  const text = typeof header === 'string' ? header : header?.[0];
  return text === undefined || text.length > MAX_HEADER_LENGTH ? undefined : text.trim();
}
