/** What a tenant may have and use; undefined: any number. */
export interface TenantQuota {
  readonly topics: number | undefined;
  readonly durableSubscriptions: number | undefined;
  /** Streams at a time, in each process. */
  readonly connections: number | undefined;
  /** Of what is published, in each process. */
  readonly ingestEventsPerSecond: number | undefined;
  readonly ingestBytesPerSecond: number | undefined;
  /** Of what live feeds and catching up write, in each process. */
  readonly egressBytesPerSecond: number | undefined;
}

export const NO_QUOTA: TenantQuota = {
  topics: undefined,
  durableSubscriptions: undefined,
  connections: undefined,
  ingestEventsPerSecond: undefined,
  ingestBytesPerSecond: undefined,
  egressBytesPerSecond: undefined,
};

/** What was set for one tenant, by whom and when. */
export interface StoredQuota {
  readonly tenant: string;
  readonly quota: TenantQuota;
  readonly updatedBy: string;
  readonly updatedAtMicros: number;
}
