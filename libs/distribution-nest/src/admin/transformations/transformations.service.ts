import {
  newTransformationSchema,
  type Page,
  pageOf,
  pageQuerySchema,
  transformationChangeSchema,
  transformationTestSchema,
  type TransformationTestResult,
  type TransformationView,
} from '@distributary/contracts';
import {
  type Clock,
  DEFAULT_TRANSFORMATION_LIMITS,
  DistributionError,
  type NamedTransformation,
  type OutputFormat,
  type Precondition,
  type Principal,
  requirePermission,
  requireSmall,
  type TransformationDefinition,
  type Transformations,
  type TransformationStore,
  transformationVersion,
} from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';
import { parseWith } from '../../doors/stream-commands.js';
import type { Versioned } from '../topics/topics.service.js';

export interface TransformationsDependencies {
  readonly store: TransformationStore;
  readonly transformations: Transformations;
  readonly clock: Clock;
}

/** Of one tenant; more are `quota.exceeded`. */
export const MAX_TRANSFORMATIONS = 1_000;

/**
 * Transformations by name, of the caller's tenant. Each is compiled before it is stored. Live subscriptions go on with
 * what they began with; whoever subscribes from now on gets the new one.
 */
export class TransformationsService {
  constructor(private readonly deps: TransformationsDependencies) {}

  async list(principal: Principal, query: unknown): Promise<Page<TransformationView>> {
    requirePermission(principal, 'read');
    const all = await this.deps.store.list(principal.tenant);
    const page = pageOf(all, ({ name }) => name, parseWith(pageQuerySchema, query));
    return { ...page, items: page.items.map(viewOf) };
  }

  async get(principal: Principal, name: string): Promise<Versioned<TransformationView>> {
    requirePermission(principal, 'read');
    const found = await this.deps.store.find(principal.tenant, name);
    if (found === undefined) throw new DistributionError('transformation.not_found', `no transformation ${name}`);
    return versioned(found);
  }

  async create(principal: Principal, input: unknown): Promise<Versioned<TransformationView>> {
    requirePermission(principal, 'manage');
    const { store, clock } = this.deps;
    const { tenant } = principal;
    const { name, definition } = parseWith(newTransformationSchema, input);
    await this.check(tenant, asDefinition(definition));
    if ((await store.list(tenant)).length >= MAX_TRANSFORMATIONS) {
      throw new DistributionError('quota.exceeded', `a tenant may have ${MAX_TRANSFORMATIONS} transformations`);
    }
    const nowMicros = clock.nowMicros();
    const created: NamedTransformation = {
      tenant,
      name,
      definition: asDefinition(definition),
      createdAtMicros: nowMicros,
      changedAtMicros: nowMicros,
    };
    await store.create(created);
    return versioned(created);
  }

  async replace(
    principal: Principal,
    name: string,
    input: unknown,
    precondition: Precondition,
  ): Promise<Versioned<TransformationView>> {
    requirePermission(principal, 'manage');
    const { store, clock } = this.deps;
    const definition = asDefinition(parseWith(transformationChangeSchema, input).definition);
    await this.check(principal.tenant, definition);
    return versioned(await store.replace(principal.tenant, name, definition, clock.nowMicros(), precondition));
  }

  async delete(principal: Principal, name: string, precondition: Precondition): Promise<void> {
    requirePermission(principal, 'manage');
    await this.deps.store.delete(principal.tenant, name, precondition);
  }

  /** What it makes of an event, and what that costs. Nothing is stored or sent. */
  async test(principal: Principal, input: unknown): Promise<TransformationTestResult> {
    requirePermission(principal, 'read');
    const { transformation, event } = parseWith(transformationTestSchema, input);
    const compiled = await this.deps.transformations.compile(
      principal.tenant,
      typeof transformation === 'string' ? transformation : asDefinition(transformation),
      'transformation',
    );
    requireSmall(event, 'event');
    const bytes = Buffer.from(JSON.stringify(event));
    const result = compiled.apply(bytes);
    const cost = {
      steps: result.steps,
      max_steps: DEFAULT_TRANSFORMATION_LIMITS.maxSteps,
      input_bytes: bytes.length,
    };
    const failure = result.failure && { ...result.failure, problems: [...result.failure.problems] };
    if (result.kind !== 'event') return { outcome: result.kind, failure, cost };
    return {
      outcome: failure === undefined ? 'event' : 'passed',
      event: shownOf(compiled.format, Buffer.from(result.value)),
      attributes: { ...result.attributes },
      ...(failure !== undefined && { failure }),
      cost: { ...cost, output_bytes: result.value.length },
    };
  }

  private async check(tenant: string, definition: TransformationDefinition): Promise<void> {
    await this.deps.transformations.compile(tenant, definition, 'definition');
  }
}

/** As CloudEvents shows bytes. */
const shownOf = (format: OutputFormat, value: Buffer): unknown =>
  format === 'avro' ? { data_base64: value.toString('base64') } : (JSON.parse(value.toString()) as unknown);

/** Of its steps only the outer shape is known; compiling says the rest. */
const asDefinition = (input: object): TransformationDefinition => input as TransformationDefinition;

function versioned(transformation: NamedTransformation): Versioned<TransformationView> {
  return { view: viewOf(transformation), version: transformationVersion(transformation.definition) };
}

function viewOf({ name, definition, createdAtMicros, changedAtMicros }: NamedTransformation): TransformationView {
  return {
    name,
    definition: definition as unknown as TransformationView['definition'],
    created_at: isoTime(createdAtMicros),
    changed_at: isoTime(changedAtMicros),
  };
}
