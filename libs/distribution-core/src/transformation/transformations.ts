import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { FrameEncoder } from '../fan-out/outlet.js';
import type { Clock } from '../ports/clock.port.js';
import type { Counter, Metrics } from '../ports/metrics.port.js';
import type { PayloadCodec, PayloadEncoder } from '../ports/payload-codec.port.js';
import type { TransformationStore } from '../ports/transformation-store.port.js';
import type { Secret } from '../secret.js';
import {
  type CompiledTransformation,
  compileTransformation,
  definitionOf,
  fingerprintOf,
  requireSmall,
  type Failure,
  type Transformed,
} from './compile-transformation.js';
import { isBinary, type SubscriptionOutput, type TransformationDefinition } from './definition.js';
import type { LookupTables } from './lookup-tables.js';
import type { TransformationLimits } from './meter.js';
import { lookupNamesOf } from './steps/enrich-step.js';
import { StepAllowances, type StepAllowanceLimits } from './step-allowance.js';
import type { LookupTable } from './steps/step.js';
import { type EventPlace, type TransformationObserver, TransformedEvents } from './transformed-events.js';
import { transformingEncoder } from './transforming-encoder.js';

export interface TransformationsDependencies {
  readonly store: Pick<TransformationStore, 'find'>;
  readonly lookups: LookupTables;
  readonly keys: ReadonlyMap<string, Secret>;
  /** Absent: events are written as JSON alone. */
  readonly codec?: PayloadCodec | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits?: Partial<TransformationLimits>;
  readonly allowance?: StepAllowanceLimits;
}

const NO_BYTES = {
  path: 'transformation.format',
  rule: 'must not be avro here: only Exchange over gRPC and WebSocket with distributary.v1.bin carry bytes',
};

/** What a subscription's events are made into. */
export interface OutputTransformation {
  /** `request.invalid` if it makes bytes and the encoding carries only JSON. */
  encoder(inner: FrameEncoder): FrameEncoder;
  /** Of history, which is JSON: undefined if the event does not go out. `request.invalid` as above. */
  value(value: Uint8Array): Uint8Array | undefined;
}

/** An event that a subscription's transformation could not be applied to, and that is to be kept. */
export interface UntransformedEvent {
  readonly tenant: string;
  readonly failure: Failure;
  readonly place: EventPlace;
  /** Of the transformation. With the event's position it names the failure, which may be told more than once. */
  readonly fingerprint: string;
}

/** Compiled ones that are shared; at the limit the one that was asked for longest ago is not, any more. */
const MAX_SHARED = 1_000;
type Outcome = Transformed['kind'];
/** So that one who says it at the wrong place hears of it. */
const NO_REJECT = 'reject is for rules at ingest: a subscriber cannot refuse what is in the log';

/**
 * The transformations of this process, compiled, with their look-up tables. Equal ones of a tenant are one, so that their
 * subscriptions share feeds and each event is transformed once.
 */
export class Transformations {
  private readonly shared = new Map<string, Output>();
  private readonly allowances: StepAllowances;
  private readonly failures: Readonly<Record<Outcome, Counter>>;
  /** Told of events whose transformation says `dead_letter`. Must not throw and not wait. */
  onDeadLetter: (event: UntransformedEvent) => void = () => undefined;

  constructor(private readonly deps: TransformationsDependencies) {
    this.allowances = new StepAllowances(deps.clock, deps.allowance);
    const counterOf = (outcome: string) =>
      deps.metrics.counter(
        'transformation_failures_total',
        'Events that a transformation failed on, by what became of them',
        {
          outcome: outcome === 'event' ? 'pass' : outcome,
        },
      );
    this.failures = {
      event: counterOf('event'),
      drop: counterOf('drop'),
      dead_letter: counterOf('dead_letter'),
      reject: counterOf('reject'),
    };
  }

  /**
   * Undefined if the output is the event as it is. `request.invalid` with every problem of an inline definition,
   * `transformation.not_found`, `store.unavailable`.
   */
  async outputOf(tenant: string, output: SubscriptionOutput | undefined): Promise<OutputTransformation | undefined> {
    if (output === undefined) return undefined;
    const { transformation, fields, format } = output;
    const isPlain = transformation === undefined && fields === undefined && (format ?? 'plain') === 'plain';
    if (isPlain) return undefined;
    const inline = typeof transformation === 'string' ? await this.named(tenant, transformation) : transformation;
    requireSmall(inline, 'transformation');
    refuseReject(inline);
    const definition = definitionOf(inline, fields, format);
    const encoder = await this.encoderOf(definition, 'transformation');
    const fingerprint = fingerprintOf(tenant, definition, encoder?.schemaId);
    const made =
      this.shared.get(fingerprint) ??
      this.output(tenant, await this.compileWith(tenant, definition, encoder, 'transformation'));
    this.share(fingerprint, made);
    return made;
  }

  /** A definition, or the name of one. Failure: as of {@link outputOf}. `path`: where the definition stands, for problems. */
  async compile(
    tenant: string,
    definition: TransformationDefinition | string,
    path = '',
  ): Promise<CompiledTransformation> {
    const found = typeof definition === 'string' ? await this.named(tenant, definition) : definition;
    return this.compileWith(tenant, found, await this.encoderOf(found, path), path);
  }

  private async compileWith(
    tenant: string,
    found: TransformationDefinition,
    encoder: PayloadEncoder | undefined,
    path: string,
  ): Promise<CompiledTransformation> {
    const { keys, limits, lookups } = this.deps;
    const tables = new Map<string, LookupTable>();
    for (const name of lookupNamesOf((found as Partial<TransformationDefinition> | null)?.steps)) {
      const table = await lookups.open(tenant, name);
      if (table !== undefined) tables.set(name, table);
    }
    return compileTransformation(found, { tenant, tables, keys, limits, encoder, path });
  }

  /** For those who cannot wait: a definition that names no look-up table. */
  compileNow(tenant: string, definition: TransformationDefinition, path: string): CompiledTransformation {
    const { keys, limits } = this.deps;
    return compileTransformation(definition, { tenant, keys, limits, path });
  }

  /** Undefined: it asks for none, or there is none; compiling says the rest. */
  private async encoderOf(definition: TransformationDefinition, path: string): Promise<PayloadEncoder | undefined> {
    const { format, subject } = (definition ?? {}) as Partial<Record<keyof TransformationDefinition, unknown>>;
    if (format !== 'avro' || typeof subject !== 'string' || subject === '') return undefined;
    try {
      return await this.deps.codec?.encoderOf(subject);
    } catch (error) {
      if (!(error instanceof DistributionError) || error.code !== 'schema.rejected') throw error;
      throw invalidRequest([{ path: `${path && `${path}.`}subject`, rule: error.message }]);
    }
  }

  private output(tenant: string, compiled: CompiledTransformation): Output {
    const failed: TransformationObserver['failed'] = (outcome, failure, place) => {
      this.failures[outcome].add();
      if (outcome !== 'dead_letter' || place === undefined) return;
      this.onDeadLetter({ tenant, failure, place, fingerprint: compiled.fingerprint });
    };
    return new Output(new TransformedEvents(compiled, { failed }, this.allowances.of(tenant)));
  }

  private async named(tenant: string, name: string): Promise<TransformationDefinition> {
    const found = await this.deps.store.find(tenant, name);
    if (found === undefined) throw new DistributionError('transformation.not_found', `no transformation ${name}`);
    return found.definition;
  }

  private share(fingerprint: string, output: Output): void {
    this.shared.delete(fingerprint);
    this.shared.set(fingerprint, output);
    for (const oldest of this.shared.keys()) {
      if (this.shared.size <= MAX_SHARED) break;
      this.shared.delete(oldest);
    }
  }
}

class Output implements OutputTransformation {
  private readonly encoders = new Map<string, FrameEncoder>();

  constructor(private readonly events: TransformedEvents) {}

  /** One for each encoding: there are as many as doors. */
  encoder(inner: FrameEncoder): FrameEncoder {
    if (isBinary(this.events.compiled.format) && inner.carriesBytes !== true) throw invalidRequest([NO_BYTES]);
    let encoder = this.encoders.get(inner.name);
    if (encoder === undefined) {
      encoder = transformingEncoder(inner, this.events);
      this.encoders.set(inner.name, encoder);
    }
    return encoder;
  }

  value(value: Uint8Array): Uint8Array | undefined {
    if (isBinary(this.events.compiled.format)) throw invalidRequest([NO_BYTES]);
    return this.events.value(value);
  }
}

function refuseReject(definition: TransformationDefinition | undefined): void {
  const steps: readonly object[] = Array.isArray(definition?.steps) ? definition.steps : [];
  const index = steps.findIndex(
    (step) => (step as { validate?: { on_failure?: unknown } } | null)?.validate?.on_failure === 'reject',
  );
  if (index < 0) return;
  throw new DistributionError('request.invalid', NO_REJECT, {
    problems: [{ path: `transformation.steps[${index}].validate.on_failure`, rule: NO_REJECT }],
  });
}
