import type { AuditEntry, AuditLog, AuditQuery, StoredAuditEntry } from '../ports/audit-log.port.js';

/** Keeps everything until it is pruned. */
export class InMemoryAuditLog implements AuditLog {
  private entries: StoredAuditEntry[] = [];
  private last = 0;

  append(entries: readonly AuditEntry[]): Promise<void> {
    for (const entry of entries) {
      if (this.entries.some(({ id }) => id === entry.id)) continue;
      this.entries.push({ ...entry, sequence: ++this.last });
    }
    return Promise.resolve();
  }

  find(query: AuditQuery): Promise<readonly StoredAuditEntry[]> {
    const { beforeSequence = Infinity, fromMicros = -Infinity, toMicros = Infinity } = query;
    const isAsked = (entry: StoredAuditEntry) =>
      entry.tenant === query.tenant &&
      entry.sequence < beforeSequence &&
      entry.atMicros >= fromMicros &&
      entry.atMicros < toMicros &&
      (['principal', 'act', 'target', 'outcome'] as const).every(
        (field) => query[field] === undefined || entry[field] === query[field],
      );
    return Promise.resolve(this.entries.filter(isAsked).reverse().slice(0, query.limit));
  }

  prune(beforeMicros: number, limit: number): Promise<number> {
    const old = this.entries.filter(({ atMicros }) => atMicros < beforeMicros).slice(0, limit);
    this.entries = this.entries.filter((entry) => !old.includes(entry));
    return Promise.resolve(old.length);
  }
}
