import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;

/** 256 bits of chance in base64url. */
export const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

/**
 * SHA-256, and not a slow hash: those protect secrets that people choose. Nobody can try 2^256 of them, and a slow hash
 * would have to be paid for at every request.
 */
export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export function isSecretOf(secret: string, secretHash: string): boolean {
  const [given, stored] = [hashOfSecret(secret), secretHash].map((hash) => Buffer.from(hash, 'hex'));
  return given.length === stored.length && timingSafeEqual(given, stored);
}
