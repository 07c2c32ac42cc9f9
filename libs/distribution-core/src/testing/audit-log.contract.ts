import type { AuditEntry, AuditLog } from '../ports/audit-log.port.js';

let made = 0;

/** Something that an administrator did. */
export function anAuditEntry(more: Partial<AuditEntry> = {}): AuditEntry {
  const number = ++made;
  return {
    id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    atMicros: 1_750_000_000_000_000 + number * 1_000_000,
    tenant: 'default',
    principal: 'ops',
    principalKind: 'api_key',
    act: 'topics.create',
    target: 'monitoring/new',
    outcome: 'done',
    code: undefined,
    door: 'rest',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    address: '127.0.0.1',
    before: undefined,
    after: { name: 'monitoring/new', partitions: 2 },
    count: 1,
    ...more,
  };
}

/** What every {@link AuditLog} keeps. `create` gives an empty one. */
export function describeAuditLogContract(name: string, create: () => Promise<AuditLog>): void {
  describe(`${name} as an audit log`, () => {
    let log: AuditLog;
    const all = (more: object = {}) => log.find({ tenant: 'default', limit: 100, ...more });
    const idsOf = (entries: readonly AuditEntry[]) => entries.map(({ id }) => id);
    beforeEach(async () => {
      log = await create();
    });

    it('gives back what it was told, newest first', async () => {
      const first = anAuditEntry({ before: { a: [1, 'x', null] }, code: 'topic.exists', outcome: 'refused' });
      const second = anAuditEntry({ target: undefined, traceId: undefined, address: undefined, after: undefined });
      await log.append([first]);
      await log.append([second]);
      const found = await all();
      expect(found).toEqual([
        { ...second, sequence: expect.any(Number) },
        { ...first, sequence: expect.any(Number) },
      ]);
      expect(found[0].sequence).toBeGreaterThan(found[1].sequence);
    });

    it('keeps one entry of the same that is told twice', async () => {
      const entry = anAuditEntry();
      await log.append([entry]);
      await log.append([entry, anAuditEntry()]);
      expect(await all()).toHaveLength(2);
    });

    it('goes through all of them page by page, whatever comes in meanwhile', async () => {
      const entries = Array.from({ length: 5 }, () => anAuditEntry());
      await log.append(entries);
      const seen: string[] = [];
      let beforeSequence: number | undefined;
      for (;;) {
        const page = await log.find({ tenant: 'default', limit: 2, ...(beforeSequence && { beforeSequence }) });
        seen.push(...idsOf(page));
        if (page.length < 2) break;
        beforeSequence = page[page.length - 1].sequence;
        await log.append([anAuditEntry()]);
      }
      expect(seen).toEqual(idsOf(entries).reverse());
    });

    it('keeps tenants apart', async () => {
      await log.append([anAuditEntry({ tenant: 'acme' }), anAuditEntry()]);
      expect(await log.find({ tenant: 'acme', limit: 9 })).toHaveLength(1);
      expect(await log.find({ tenant: 'nobody', limit: 9 })).toEqual([]);
    });

    it.each([
      ['principal', { principal: 'mallory' }],
      ['act', { act: 'topics.delete' }],
      ['target', { target: 'monitoring/old' }],
      ['outcome', { outcome: 'refused' }],
    ] as const)('finds by %s', async (_field, wanted) => {
      const entry = anAuditEntry(wanted);
      await log.append([anAuditEntry(), entry, anAuditEntry()]);
      expect(idsOf(await all(wanted))).toEqual([entry.id]);
    });

    it('finds by time: from one on, before the other', async () => {
      const [one, two, three] = [anAuditEntry(), anAuditEntry(), anAuditEntry()];
      await log.append([one, two, three]);
      expect(idsOf(await all({ fromMicros: two.atMicros }))).toEqual(idsOf([three, two]));
      expect(idsOf(await all({ toMicros: two.atMicros }))).toEqual([one.id]);
    });

    it('forgets what is older than it may be, some at a time', async () => {
      const entries = Array.from({ length: 5 }, () => anAuditEntry());
      await log.append(entries);
      const until = entries[4].atMicros;
      expect(await log.prune(until, 3)).toBe(3);
      expect(await log.prune(until, 3)).toBe(1);
      expect(await log.prune(until, 3)).toBe(0);
      expect(idsOf(await all())).toEqual([entries[4].id]);
    });
  });
}
