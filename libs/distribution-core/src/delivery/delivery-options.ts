/** How the deliveries of one durable subscription are acknowledged. What is missing is as the service has it. */
export interface DeliveryOptions {
  /** Not acknowledged after this long: sent again. */
  readonly ackTimeoutMs?: number;
  /** Then the event goes to the dead letters. */
  readonly maxAttempts?: number;
  /** Shared types: what one session may hold unacknowledged. */
  readonly maxUnacked?: number;
}

export const DEFAULT_MAX_ATTEMPTS = 5;
export const DEFAULT_MAX_UNACKED = 1_000;
