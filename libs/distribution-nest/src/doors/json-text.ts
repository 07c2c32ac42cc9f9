import { invalidRequest } from '@distributary/distribution-core';

/** For doors whose fields are texts: a filter is its CEL text, or its tree as JSON text. */
export function filterOfText(text: string): unknown {
  return text.trimStart().startsWith('{') ? parseJson(text, 'filter') : text;
}

/** A name, or the definition as JSON text. */
export function transformationOfText(text: string): unknown {
  return text.trimStart().startsWith('{') ? parseJson(text, 'transformation') : text;
}

/** `request.invalid` at `path`. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidRequest([{ path, rule: 'must be JSON text' }]);
  }
}
