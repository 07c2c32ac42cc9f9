/**
 * What the broker calls a topic: `<tenant>.` (left out for the default tenant), then the levels joined by dots. Any
 * byte that is not a letter, digit or hyphen becomes `_` and two hex digits, so that different topics never collide.
 */
export const DEFAULT_TENANT = 'default';

export function brokerNameOf(topic: string, tenant: string = DEFAULT_TENANT): string {
  const name = topic.split('/').map(escapeLevel).join('.');
  return tenant === DEFAULT_TENANT ? name : `${escapeLevel(tenant)}.${name}`;
}

function escapeLevel(level: string): string {
  let escaped = '';
  for (const byte of Buffer.from(level)) {
    const character = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}
