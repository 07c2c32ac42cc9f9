import type { IncomingMessage } from 'node:http';
import { LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import { type AccessControl, tokenOf } from '../../auth/access-control.js';
import { peerCertificateOf } from '../../tls/https-server.js';

/** Neither: no token came with the request, so that it has to come with `hello`. */
export interface UpgradeOutcome {
  readonly principal?: Principal;
  readonly error?: unknown;
}

const outcomes = new WeakMap<IncomingMessage, UpgradeOutcome>();

/**
 * Before the upgrade is answered, so that no message arrives while it is being found out who sends it. A token that is
 * not good is not refused here: browsers do not tell pages why an upgrade failed, but they do tell them a close code.
 */
export async function authenticateUpgrade(request: IncomingMessage, access: AccessControl): Promise<void> {
  try {
    const token = tokenOf(request.headers);
    if (token !== undefined) return void outcomes.set(request, { principal: await access.authenticate(token) });
    const principal = access.ofCertificate(() => peerCertificateOf(request));
    if (principal !== undefined) outcomes.set(request, { principal });
  } catch (error) {
    outcomes.set(request, { error });
  }
}

export const upgradeOf = (request: IncomingMessage, access: AccessControl): UpgradeOutcome =>
  access.isOff ? { principal: LOCAL_PRINCIPAL } : (outcomes.get(request) ?? {});
