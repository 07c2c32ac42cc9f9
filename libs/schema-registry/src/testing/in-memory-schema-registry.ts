import avsc from 'avsc';
import {
  DistributionError,
  type RegisteredSchema,
  type SchemaRegistry,
  type SubjectSchema,
} from '@distributary/distribution-core';

export type CompatibilityRule = 'BACKWARD' | 'NONE';

/** A registry in memory, whose rule of compatibility is avsc's: a new version reads what the newest one wrote. */
export class InMemorySchemaRegistry implements SchemaRegistry {
  /** By id, which counts from 1. */
  private readonly schemas: RegisteredSchema[] = [];
  private readonly subjects = new Map<string, SubjectSchema[]>();
  private readonly rules = new Map<string, CompatibilityRule>();
  isAway = false;
  /** Calls that were answered or refused, by name. */
  readonly calls: string[] = [];

  setRule(subject: string, rule: CompatibilityRule): void {
    this.rules.set(subject, rule);
  }

  /** A schema of any language, as another program may have registered it. */
  put(subject: string, schema: Omit<RegisteredSchema, 'id'>): number {
    const versions = this.subjects.get(subject) ?? [];
    this.subjects.set(subject, versions);
    const same = this.schemas.find(({ text, language }) => text === schema.text && language === schema.language);
    const kept = same ?? { ...schema, id: this.schemas.length + 1 };
    if (same === undefined) this.schemas.push(kept);
    if (!versions.some(({ id }) => id === kept.id)) versions.push({ ...kept, subject, version: versions.length + 1 });
    return kept.id;
  }

  async byId(id: number): Promise<RegisteredSchema | undefined> {
    await this.answer(`byId ${id}`);
    return this.schemas[id - 1];
  }

  async latest(subject: string): Promise<SubjectSchema | undefined> {
    await this.answer(`latest ${subject}`);
    return this.subjects.get(subject)?.at(-1);
  }

  async isOf(id: number, subject: string): Promise<boolean> {
    await this.answer(`isOf ${id} ${subject}`);
    return this.subjects.get(subject)?.some((version) => version.id === id) === true;
  }

  /** Empty: it suits. Throws `schema.rejected` if it is no schema. */
  incompatibilities(subject: string, text: string): readonly string[] {
    const reader = parsed(text);
    const newest = this.subjects.get(subject)?.at(-1);
    if (newest === undefined || this.rules.get(subject) !== 'BACKWARD') return [];
    try {
      reader.createResolver(parsed(newest.text));
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  }

  async register(subject: string, text: string): Promise<number> {
    await this.answer(`register ${subject}`);
    const wrong = this.incompatibilities(subject, text);
    if (wrong.length > 0) {
      const problems = wrong.map((rule) => ({ path: 'schema', rule }));
      throw new DistributionError('schema.rejected', `does not suit ${subject}`, { problems });
    }
    return this.put(subject, { language: 'avro', text, hasReferences: false });
  }

  check(): Promise<void> {
    return this.answer('check');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  subjectsOf(id: number): readonly SubjectSchema[] {
    return [...this.subjects.values()].flat().filter((version) => version.id === id);
  }

  versionsOf(subject: string): readonly SubjectSchema[] {
    return this.subjects.get(subject) ?? [];
  }

  subjectNames(): readonly string[] {
    return [...this.subjects.keys()];
  }

  private answer(call: string): Promise<void> {
    this.calls.push(call);
    if (!this.isAway) return Promise.resolve();
    return Promise.reject(new DistributionError('store.unavailable', 'the registry is away'));
  }
}

function parsed(text: string): avsc.Type {
  try {
    return avsc.Type.forSchema(JSON.parse(text) as avsc.Schema);
  } catch (error) {
    const rule = (error as Error).message;
    throw new DistributionError('schema.rejected', 'is no schema', { problems: [{ path: 'schema', rule }] });
  }
}
