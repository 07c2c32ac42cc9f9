import type { NamedTransformation, LookupTableStore, TransformationStore } from '../ports/transformation-store.port.js';
import { transformationVersion } from '../ports/transformation-store.port.js';

const NOW = 1_700_000_000_000_000;

export const aTransformation = (name: string, more: Partial<NamedTransformation> = {}): NamedTransformation => ({
  tenant: 'default',
  name,
  definition: { steps: [{ map: { 'data.z': { value: 1 }, 'data.a': { value: 2 } } }] },
  createdAtMicros: NOW,
  changedAtMicros: NOW,
  ...more,
});

/** Every implementation of {@link TransformationStore} passes it. `open`: an empty one. */
export function describeTransformationStoreContract(name: string, open: () => TransformationStore): void {
  describe(`${name} keeps the contract of TransformationStore`, () => {
    let store: TransformationStore;
    beforeEach(() => {
      store = open();
    });

    it('finds what was created, with its fields in their order', async () => {
      const created = aTransformation('one');
      await store.create(created);
      const found = await store.find('default', 'one');
      expect(found).toEqual(created);
      expect(JSON.stringify(found?.definition)).toBe(JSON.stringify(created.definition));
    });

    it('lists those of a tenant by name', async () => {
      for (const each of ['b', 'a', 'B']) await store.create(aTransformation(each));
      await store.create(aTransformation('c', { tenant: 'other' }));
      expect((await store.list('default')).map((each) => each.name)).toEqual(['B', 'a', 'b']);
    });

    it('refuses a name that is taken in the tenant, and only there', async () => {
      await store.create(aTransformation('one'));
      await store.create(aTransformation('one', { tenant: 'other' }));
      await expect(store.create(aTransformation('one'))).rejects.toMatchObject({ code: 'transformation.exists' });
    });

    it('hides what another tenant has', async () => {
      await store.create(aTransformation('one'));
      expect(await store.find('other', 'one')).toBeUndefined();
      const missing = { code: 'transformation.not_found' };
      await expect(store.replace('other', 'one', { steps: [] }, NOW, undefined)).rejects.toMatchObject(missing);
      await expect(store.delete('other', 'one', undefined)).rejects.toMatchObject(missing);
      expect(await store.find('default', 'one')).toBeDefined();
    });

    it('replaces the definition, and keeps when it was created', async () => {
      await store.create(aTransformation('one'));
      const replaced = await store.replace('default', 'one', { steps: [] }, NOW + 5_000_000, 'any');
      expect(replaced).toEqual({
        ...aTransformation('one'),
        definition: { steps: [] },
        changedAtMicros: NOW + 5_000_000,
      });
      expect(await store.find('default', 'one')).toEqual(replaced);
    });

    it('changes only what is as the precondition says', async () => {
      const { definition } = aTransformation('one');
      await store.create(aTransformation('one'));
      const version = transformationVersion(definition);
      const stale = { code: 'precondition.failed' };
      await expect(store.replace('default', 'one', { steps: [] }, NOW, ['x'])).rejects.toMatchObject(stale);
      await expect(store.delete('default', 'one', ['x'])).rejects.toMatchObject(stale);
      await store.replace('default', 'one', { steps: [] }, NOW, [version]);
      await expect(store.delete('default', 'one', [version])).rejects.toMatchObject(stale);
    });

    it('lets one of two changes with the same precondition happen', async () => {
      await store.create(aTransformation('one'));
      const precondition = [transformationVersion(aTransformation('one').definition)];
      const changes = [1, 2, 3].map((value) =>
        store.replace('default', 'one', { steps: [{ map: { a: { value } } }] }, NOW, precondition),
      );
      const results = await Promise.allSettled(changes);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('deletes', async () => {
      await store.create(aTransformation('one'));
      await store.delete('default', 'one', undefined);
      expect(await store.find('default', 'one')).toBeUndefined();
      await expect(store.delete('default', 'one', undefined)).rejects.toMatchObject({
        code: 'transformation.not_found',
      });
    });
  });
}

/** Every implementation of {@link LookupTableStore} passes it. `open`: an empty one. */
export function describeLookupTableContract(name: string, open: () => LookupTableStore): void {
  describe(`${name} keeps the contract of LookupTableStore`, () => {
    let store: LookupTableStore;
    beforeEach(() => {
      store = open();
    });

    const put = (table: string, rows: Record<string, number>, tenant = 'default') =>
      store.put({ tenant, name: table, rows, changedAtMicros: NOW });

    it('loads what was put last, of the tenant', async () => {
      await put('teams', { a: 1, b: 2 });
      await put('teams', { c: 3 });
      await put('teams', { d: 4 }, 'other');
      expect(await store.load('default', 'teams')).toEqual({
        tenant: 'default',
        name: 'teams',
        rows: { c: 3 },
        changedAtMicros: NOW,
      });
      expect(await store.load('default', 'none')).toBeUndefined();
    });

    it('lists the tables of a tenant by name, with their sizes', async () => {
      await put('b', { a: 1, b: 2 });
      await put('a', {});
      await put('c', {}, 'other');
      expect(await store.list('default')).toEqual([
        { name: 'a', rowCount: 0, changedAtMicros: NOW },
        { name: 'b', rowCount: 2, changedAtMicros: NOW },
      ]);
    });

    it('deletes, of the tenant', async () => {
      await put('teams', { a: 1 });
      const missing = { code: 'lookup_table.not_found' };
      await expect(store.delete('other', 'teams')).rejects.toMatchObject(missing);
      await store.delete('default', 'teams');
      await expect(store.delete('default', 'teams')).rejects.toMatchObject(missing);
    });
  });
}
