import { serveParent } from '../child-program.js';
import { isSuccess } from '../ingest-connection.js';
import { monotonicMicros } from '../monotonic-clock.js';
import { PostConnection, type PostAnswer } from './post-connection.js';
import { PostTemplate } from './post-template.js';
import type { PostingAnswer, PostingCommand, PostingPlan, PostingResult } from './posting-messages.js';

/**
 * A closed loop: every connection posts its next batch when it has the answer to the last one.
 *
 *   sequences ──100 at a time──▶ prepared request ──▶ socket ──▶ answer: counted, never parsed
 */
const RETRY_MS = 20;
const MAX_ERRORS = 5;
/** After the window, for answers that are still to come. */
const GRACE_MS = 5_000;
const COPY = Buffer.from('"duplicate":true');

class Posting {
  private readonly latencies: number[] = [];
  private readonly errors = new Set<string>();
  private next = 0;
  private accepted = 0;
  private acceptedInWindow = 0;
  private refusals = 0;
  private duplicates = 0;
  private unanswered = 0;

  constructor(private readonly plan: PostingPlan) {}

  async run(): Promise<PostingResult> {
    await Promise.all(Array.from({ length: this.plan.connections }, () => this.connection()));
    return {
      type: 'posted',
      accepted: this.accepted,
      acceptedInWindow: this.acceptedInWindow,
      latencies: Float64Array.from(this.latencies),
      refusals: this.refusals,
      duplicates: this.duplicates,
      unanswered: this.unanswered,
      errors: [...this.errors],
    };
  }

  /** Resolves when the window is over and its last answer is there. */
  private connection(): Promise<void> {
    const { plan } = this;
    const template = new PostTemplate(plan);
    return new Promise((resolve) => {
      let postedMicros = 0;
      let isOpen = true;
      const post = () => {
        postedMicros = monotonicMicros();
        connection.post(template.bytes);
      };
      const end = () => {
        isOpen = false;
        clearTimeout(deadline);
        connection.close();
        resolve();
      };
      const lose = (reason: string) => {
        if (!isOpen) return;
        this.note(reason);
        this.unanswered += plan.eventsPerPost;
        end();
      };
      const answered = (answer: PostAnswer) => {
        const now = monotonicMicros();
        const isAccepted = this.judge(answer, postedMicros, now);
        if (now >= plan.toMicros) end();
        else if (isAccepted) {
          template.number(this.take());
          post();
        } else setTimeout(post, RETRY_MS);
      };
      const deadline = setTimeout(
        () => lose('no answer in time'),
        (plan.toMicros - monotonicMicros()) / 1000 + GRACE_MS,
      );
      const connection = new PostConnection(plan.port, answered, lose);
      template.number(this.take());
      post();
    });
  }

  private take(): number {
    const first = this.next;
    this.next += this.plan.eventsPerPost;
    return first;
  }

  private judge({ status, body }: PostAnswer, postedMicros: number, now: number): boolean {
    const { fromMicros, toMicros, eventsPerPost } = this.plan;
    if (!isSuccess(status)) {
      this.refusals++;
      this.note(`${status} ${body.toString('utf8', 0, 300)}`);
      return false;
    }
    this.accepted += eventsPerPost;
    for (let at = body.indexOf(COPY); at >= 0; at = body.indexOf(COPY, at + 1)) this.duplicates++;
    if (now >= fromMicros && now < toMicros) {
      this.acceptedInWindow += eventsPerPost;
      this.latencies.push((now - postedMicros) / 1000);
    }
    return true;
  }

  private note(error: string): void {
    if (this.errors.size < MAX_ERRORS) this.errors.add(error);
  }
}

serveParent<PostingCommand, PostingAnswer>(async ({ plan }, answer) => answer(await new Posting(plan).run()));
