import type { Permission } from '../access/principal.js';

/** One key as it is stored: never its secret, only the hash of it. */
export interface ApiKey {
  /** Public; the middle part of `dk_<id>_<secret>`, unique over all tenants. */
  readonly id: string;
  readonly tenant: string;
  /** For people. */
  readonly name: string;
  /** Hexadecimal SHA-256 of the secret. */
  readonly secretHash: string;
  readonly permissions: readonly Permission[];
  readonly createdAtMicros: number;
  readonly expiresAtMicros: number | undefined;
  readonly revokedAtMicros: number | undefined;
  /** Not exact: written now and then. */
  readonly lastUsedAtMicros: number | undefined;
}

/**
 * The API keys of all tenants. A key is never changed but for its revocation and its last use, and never forgotten: its id
 * stands in the audit log.
 *
 * Revoking tells every process that listens, soon and at most once per revocation; who has to be sure asks again with
 * `revokedOf`. Failure: `store.unavailable`. Calls may overlap.
 */
export interface ApiKeyStore {
  /** The id is new: ids are made of chance. */
  create(key: ApiKey): Promise<void>;
  find(id: string): Promise<ApiKey | undefined>;
  /** Of one tenant, revoked ones included, in the order of their ids. */
  list(tenant: string): Promise<readonly ApiKey[]>;
  /** Undefined if the tenant has no such key. A key that is revoked already keeps its time. */
  revoke(tenant: string, id: string, atMicros: number): Promise<ApiKey | undefined>;
  /** Moves the last uses forward; unknown keys are passed over. */
  used(uses: ReadonlyMap<string, number>): Promise<void>;
  /** Those of the ids that are revoked, or not there at all. */
  revokedOf(ids: readonly string[]): Promise<readonly string[]>;
  /** Hints of revocations, by whichever process. The returned function ends it and waits for what is under way. */
  onRevoked(listener: (id: string) => void): () => Promise<void>;
}
