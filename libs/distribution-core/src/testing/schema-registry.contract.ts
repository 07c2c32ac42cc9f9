import { DistributionError } from '../errors/distribution-error.js';
import type { SchemaRegistry } from '../ports/schema-registry.port.js';

export interface SchemaRegistryWorld {
  readonly registry: SchemaRegistry;
  /** From now on a new version must be able to read what the one before it wrote. */
  requireBackward(subject: string): Promise<void>;
  /** From now on the registry does not answer. */
  goAway(): Promise<void>;
  end(): Promise<void>;
}

const order = (...fields: readonly object[]): string =>
  JSON.stringify({
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    fields: [{ name: 'id', type: 'string' }, ...fields],
  });
const AMOUNT = { name: 'amount', type: 'long' };
const sameSchema = (text: string | undefined) => JSON.parse(text ?? 'null') as unknown;

/** What every {@link SchemaRegistry} keeps. Subjects are new in each test, so a registry may be used for all of them. */
export function describeSchemaRegistryContract(name: string, create: () => Promise<SchemaRegistryWorld>): void {
  describe(`${name} as a schema registry`, () => {
    let world: SchemaRegistryWorld;
    let registry: SchemaRegistry;
    let subjects = 0;
    let subject: string;
    beforeEach(async () => {
      world = await create();
      ({ registry } = world);
      subject = `contract-${name.replace(/\W/g, '-')}-${process.pid}-${++subjects}`;
    });
    afterEach(() => world.end());
    const failureOf = async (call: Promise<unknown>): Promise<DistributionError> => {
      const error: unknown = await call.then(
        () => new Error('it did not fail'),
        (failure: unknown) => failure,
      );
      if (error instanceof DistributionError) return error;
      throw error;
    };

    it('answers', async () => {
      await expect(registry.check()).resolves.toBeUndefined();
    });

    it('gives a schema back by its id and as the newest of its subject', async () => {
      const id = await registry.register(subject, order());
      const byId = await registry.byId(id);
      expect(byId).toMatchObject({ id, language: 'avro', hasReferences: false });
      expect(sameSchema(byId?.text)).toEqual(sameSchema(order()));
      const latest = await registry.latest(subject);
      expect(latest).toMatchObject({ id, subject, version: 1, language: 'avro' });
      expect(sameSchema(latest?.text)).toEqual(sameSchema(order()));
    });

    it('has nothing where nothing was registered', async () => {
      expect(await registry.byId(2_000_000_000)).toBeUndefined();
      expect(await registry.latest(subject)).toBeUndefined();
      expect(await registry.isOf(2_000_000_000, subject)).toBe(false);
    });

    it('gives the same schema the same id, and says whose it is', async () => {
      const id = await registry.register(subject, order(AMOUNT));
      expect(await registry.register(subject, order(AMOUNT))).toBe(id);
      expect((await registry.latest(subject))?.version).toBe(1);
      expect(await registry.isOf(id, subject)).toBe(true);
      expect(await registry.isOf(id, `${subject}-other`)).toBe(false);
    });

    it('keeps old versions by their ids when a new one comes', async () => {
      const first = await registry.register(subject, order());
      const second = await registry.register(subject, order({ ...AMOUNT, default: 0 }));
      expect(second).not.toBe(first);
      expect(await registry.latest(subject)).toMatchObject({ id: second, version: 2 });
      expect(sameSchema((await registry.byId(first))?.text)).toEqual(sameSchema(order()));
      expect(await registry.isOf(first, subject)).toBe(true);
    });

    it('refuses a version that does not suit, says why, and keeps what there was', async () => {
      await world.requireBackward(subject);
      const id = await registry.register(subject, order());
      const refused = await failureOf(registry.register(subject, order(AMOUNT)));
      expect(refused.code).toBe('schema.rejected');
      expect(refused.problems.length).toBeGreaterThan(0);
      expect(refused.problems.map(({ rule }) => rule).join()).toMatch(/amount/i);
      expect((await registry.latest(subject))?.id).toBe(id);
    });

    it('takes a version that suits', async () => {
      await world.requireBackward(subject);
      await registry.register(subject, order(AMOUNT));
      await registry.register(subject, order());
      expect((await registry.latest(subject))?.version).toBe(2);
    });

    it.each(['{"type":"record"', '{"type":"record","name":"R"}', '"Nobody"'])(
      'refuses %s, which is no schema',
      async (text) => {
        const refused = await failureOf(registry.register(subject, text));
        expect(refused.code).toBe('schema.rejected');
        expect(refused.problems.length).toBeGreaterThan(0);
        expect(await registry.latest(subject)).toBeUndefined();
      },
    );

    it('takes any text for the name of a subject', async () => {
      const odd = `${subject}/ä ?&#%`;
      const id = await registry.register(odd, order());
      expect(await registry.latest(odd)).toMatchObject({ id, subject: odd });
    });

    it('says that it is not there when it is not there', async () => {
      await world.goAway();
      const calls = [
        registry.byId(1),
        registry.latest(subject),
        registry.isOf(1, subject),
        registry.register(subject, order()),
        registry.check(),
      ];
      const failures = await Promise.all(calls.map(failureOf));
      expect(failures.map(({ code, retryable }) => [code, retryable])).toEqual(
        calls.map(() => ['store.unavailable', true]),
      );
    });
  });
}
