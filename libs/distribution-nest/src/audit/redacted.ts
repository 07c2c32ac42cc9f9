import { storableText } from '@distributary/distribution-core';

const HIDDEN = '[secret]';
const SECRET_NAME = /secret|password|passphrase|token|credential|authorization|private_?key|^key$|_key$|^hash$/i;
/** Names that only sound like it. */
const HARMLESS_NAME = /^(routing_key|conflation_key|idempotency_key)$/;
const SECRET_TEXT = /^(Bearer\s|eyJ[\w-]+\.[\w-]+\.|dk_)/;
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
const MAX_TEXT = 1_000;

/**
 * A copy for the audit log: JSON values only, what is or sounds secret is hidden, and what is large is cut, so that one
 * entry stays within some kilobytes for any request that people write.
 */
export function redacted(value: unknown, depth = 0): unknown {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (SECRET_TEXT.test(value)) return HIDDEN;
    // An entry that is never taken would wait for ever, and the others behind it, until nothing might be changed any more.
    return storableText(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value);
  }
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redacted(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return redacted(value.toJSON(), depth + 1);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ITEMS)
      .map(([name, item]) => [
        storableText(name),
        SECRET_NAME.test(name) && !HARMLESS_NAME.test(name) ? HIDDEN : redacted(item, depth + 1),
      ]),
  );
}
