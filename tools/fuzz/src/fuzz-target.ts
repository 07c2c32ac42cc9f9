/** The running service, as the fuzzers see it. */
export interface FuzzTarget {
  readonly httpUrl: string;
  /** `127.0.0.1:7201` */
  readonly grpcAddress: string;
  readonly streamPath: string;
}

export interface FuzzReport {
  readonly door: string;
  readonly cases: number;
  /** How often each answer came: a status, an error code, a close code. */
  readonly answers: Readonly<Record<string, number>>;
  /** What the service must not do, each with the input that made it. */
  readonly findings: readonly string[];
}

/** Collects what one fuzzer saw; findings are bounded, since one defect shows many times. */
export class Observations {
  private readonly answers = new Map<string, number>();
  private readonly findings = new Set<string>();
  private cases = 0;

  constructor(private readonly door: string) {}

  count(answer: string | number): void {
    this.cases++;
    this.answers.set(String(answer), (this.answers.get(String(answer)) ?? 0) + 1);
  }

  /** What else came, by its kind. */
  told(counts: Readonly<Record<string, number>>): void {
    for (const [kind, times] of Object.entries(counts)) {
      this.answers.set(`told ${kind}`, (this.answers.get(`told ${kind}`) ?? 0) + times);
    }
  }

  /** Beside an answer that was counted already. */
  find(what: string, input: unknown): void {
    if (this.findings.size < 50) this.findings.add(`${this.door}: ${what}\n  ${shown(input)}`);
  }

  report(): FuzzReport {
    const answers = Object.fromEntries([...this.answers].sort(([, a], [, b]) => b - a));
    return { door: this.door, cases: this.cases, answers, findings: [...this.findings] };
  }
}

function shown(input: unknown): string {
  const text = typeof input === 'string' ? input : (JSON.stringify(input) ?? String(input));
  return text.length > 2_000 ? `${text.slice(0, 2_000)}… (${text.length} characters)` : text;
}
