/**
 * Whether a JSON value has more than `most` parts: its objects and lists, and what else lies in lists. Walks no further
 * than that, and at any depth.
 */
export function hasMoreParts(value: unknown, most: number): boolean {
  const open: object[] = [];
  let parts = 0;
  const note = (part: unknown, isItem: boolean): void => {
    const isContainer = typeof part === 'object' && part !== null;
    if (isContainer) open.push(part);
    if (isContainer || isItem) parts++;
  };
  note(value, true);
  for (let next = open.pop(); next !== undefined && parts <= most; next = open.pop()) {
    if (!Array.isArray(next)) for (const member of Object.values(next)) note(member, false);
    else if (next.length > most) return true;
    else for (const item of next) note(item, true);
  }
  return parts > most;
}
