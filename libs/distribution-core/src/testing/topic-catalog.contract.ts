import { DistributionError } from '../errors/distribution-error.js';
import type { NewTopic, TopicCatalog, TopicDefinition } from '../ports/topic-catalog.port.js';

const aNewTopic = (name: string, options: Partial<NewTopic> = {}): NewTopic => ({
  name,
  tenant: 'default',
  brokerName: name.replaceAll('/', '.'),
  dataType: 'ALERTS',
  partitions: 2,
  retentionPolicy: '7d',
  enabled: true,
  origin: 'ingested',
  priority: 3,
  conflationKey: { attributes: ['metric'] },
  ...options,
});

const away = new DistributionError('broker.unavailable', 'the broker is away');

/** What every {@link TopicCatalog} keeps. `create` gives an empty one. */
export function describeTopicCatalogContract(name: string, create: () => Promise<TopicCatalog>): void {
  describe(`${name} as a topic catalog`, () => {
    let catalog: TopicCatalog;
    beforeEach(async () => {
      catalog = await create();
    });

    it('gives a topic back as it was created, with the version at which it appeared', async () => {
      const created = await catalog.create(aNewTopic('a/b'));
      expect(created).toMatchObject(aNewTopic('a/b'));
      expect(created.catalogVersion).toBe(await catalog.version());
      expect(await catalog.find('a/b')).toEqual(created);
      expect(await catalog.list()).toEqual([created]);
      expect(await catalog.find('nothing')).toBeUndefined();
    });

    it('remembers how the payloads of a topic are encoded', async () => {
      const payloads = [{ format: 'avro' as const, subject: 'orders-value' }, { format: 'avro' as const }];
      for (const [index, payload] of payloads.entries()) {
        await catalog.create(aNewTopic(`encoded/${index}`, { origin: 'external', payload }));
        expect((await catalog.find(`encoded/${index}`))?.payload).toEqual(payload);
      }
    });

    it('raises its version with each change', async () => {
      const versions = [await catalog.version()];
      await catalog.create(aNewTopic('a'));
      versions.push(await catalog.version());
      await catalog.change('a', { enabled: false });
      versions.push(await catalog.version());
      await catalog.delete('a');
      versions.push(await catalog.version());
      expect([...versions].sort((x, y) => x - y)).toEqual(versions);
      expect(new Set(versions).size).toBe(4);
      expect(await catalog.list()).toEqual([]);
    });

    it('changes what is named and nothing else', async () => {
      const created = await catalog.create(aNewTopic('a'));
      const changed = await catalog.change('a', { retentionPolicy: '1d', conflationKey: 'none' });
      expect(changed).toEqual({ ...created, retentionPolicy: '1d', conflationKey: 'none' });
    });

    it('changes and deletes nothing that its check refuses', async () => {
      const created = await catalog.create(aNewTopic('a'));
      const refuse = (present: TopicDefinition) => {
        throw new Error(`priority ${present.priority}`);
      };
      await expect(catalog.change('a', { priority: 1 }, refuse)).rejects.toThrow();
      await expect(catalog.delete('a', refuse)).rejects.toThrow();
      expect(await catalog.find('a')).toEqual(created);
      await catalog.change('a', { priority: 1 }, (present) => expect(present).toEqual(created));
      await catalog.delete('a', ({ priority }) => expect(priority).toBe(1));
    });

    it('shows a topic when the step of its creation is done, and none if that fails', async () => {
      const version = await catalog.version();
      const failing = catalog.create(aNewTopic('a'), () => Promise.reject(away));
      await expect(failing).rejects.toBe(away);
      expect(await catalog.version()).toBe(version);
      const seen: unknown[] = [];
      const created = await catalog.create(aNewTopic('a'), async (row) => {
        seen.push(row.name, await catalog.list());
      });
      expect(seen).toEqual(['a', []]);
      expect(await catalog.list()).toEqual([created]);
    });

    it('is not changed while it is to be undisturbed', async () => {
      await catalog.create(aNewTopic('a'));
      const changes: Promise<unknown>[] = [];
      let settled = 0;
      await catalog.undisturbed(async () => {
        changes.push(catalog.delete('a'), catalog.create(aNewTopic('b')));
        for (const change of changes) change.finally(() => settled++).catch(() => undefined);
        for (let looks = 0; looks < 5; looks++) expect((await catalog.list()).map(({ name }) => name)).toEqual(['a']);
        expect(settled).toBe(0);
      });
      await Promise.all(changes);
      expect((await catalog.list()).map(({ name }) => name)).toEqual(['b']);
      await expect(catalog.undisturbed(() => Promise.reject(away))).rejects.toBe(away);
      await catalog.delete('b');
    });

    it('refuses a second topic of a name, and what is not there', async () => {
      await catalog.create(aNewTopic('a'));
      await expect(catalog.create(aNewTopic('a'))).rejects.toMatchObject({ code: 'topic.exists' });
      await expect(catalog.change('b', {})).rejects.toMatchObject({ code: 'topic.not_found' });
      await expect(catalog.delete('b')).rejects.toMatchObject({ code: 'topic.not_found' });
    });

    it('gives one of two that create the same topic at once the topic, and the other a refusal', async () => {
      const outcomes = await Promise.allSettled([catalog.create(aNewTopic('a')), catalog.create(aNewTopic('a'))]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });
  });
}
