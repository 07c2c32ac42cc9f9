/** `dk_<id>_<secret>`: the secret is 32 random bytes in base64url, the id says whose it is without a search. */
const API_KEY = /^dk_([a-z0-9]{8,32})_([A-Za-z0-9_-]{43})$/;

export const API_KEY_PREFIX = 'dk_';

export const apiKeyText = (id: string, secret: string): string => `${API_KEY_PREFIX}${id}_${secret}`;

/** Undefined if it is not the text of a key. */
export function parseApiKey(text: string): { readonly id: string; readonly secret: string } | undefined {
  const found = API_KEY.exec(text);
  return found === null ? undefined : { id: found[1], secret: found[2] };
}
