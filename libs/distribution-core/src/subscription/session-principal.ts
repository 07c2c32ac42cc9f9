import { effectiveSelection } from '../access/effective-selection.js';
import type { Principal } from '../access/principal.js';
import { requireWholeSelection } from '../access/whole-selection.js';
import type { FrameEncoder } from '../fan-out/outlet.js';
import type { SubscriptionOutput } from '../transformation/definition.js';
import type { OutputTransformation, Transformations } from '../transformation/transformations.js';
import { type Selection, selectionOf } from './subscription.js';

/** Whom a session acts for at present: what that one is permitted, and what its tenant makes of events. */
export class SessionPrincipal {
  constructor(
    public current: Principal,
    private readonly encoder: FrameEncoder,
    private readonly transformations: Pick<Transformations, 'outputOf'> | undefined,
  ) {}

  get tenant(): string {
    return this.current.tenant;
  }

  /** `auth.forbidden` if it is nothing. */
  permitted(selection: Selection): Selection {
    return effectiveSelection(this.current, 'subscribe', selectionOf(selection));
  }

  /** `auth.forbidden` if anything of it is not permitted. */
  requireWhole(selection: Selection): void {
    requireWholeSelection(this.current, selection);
  }

  /** Undefined: events go out as they are. Failure: as of {@link Transformations.outputOf}. */
  async outputOf(output: SubscriptionOutput | undefined): Promise<OutputTransformation | undefined> {
    return this.transformations?.outputOf(this.tenant, output);
  }

  /** Whatever it asks for must be had before anything is written. */
  async encoderOf(output: SubscriptionOutput | undefined): Promise<FrameEncoder> {
    const made = await this.outputOf(output);
    return made?.encoder(this.encoder) ?? this.encoder;
  }
}
