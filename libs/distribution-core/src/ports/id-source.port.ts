/** Identity and chance, injected so that tests can repeat them. */
export interface IdSource {
  uuid(): string;
  /** Uniform in [0, 1). */
  random(): number;
}
