import type { MonitoringEventInput } from '@distributary/contracts';
import type { Clock } from '@distributary/distribution-core';
import { isoOfMicros, RepeatingTask, type Schedule, stampOfMicros } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import { type DistributionTraffic, type Finding, findingsOf } from './finding.js';

export interface TrafficSource {
  traffic(): DistributionTraffic;
}

export interface OptimizationOptions {
  /** Of the process whose traffic it is; part of the ids, so that findings of several processes are told apart. */
  readonly sourceWord: string;
  readonly intervalMs?: number;
  /** Open at a time; further ones wait until others end. */
  readonly capacity?: number;
}

interface OpenFinding {
  readonly finding: Finding;
  readonly openedMicros: number;
  /** Looks in a row at which it was there (positive) or not (negative). */
  streak: number;
  isPublished: boolean;
}

/** One look may be chance: two in a row open a finding, and two in a row end it. */
const LOOKS = 2;

/** Publishes PERFORMANCE_OPTIMIZATION when a finding appears and when it ends, not each time that it is seen. */
export class OptimizationPublisher implements Schedule {
  private readonly intervalMs: number;
  private readonly capacity: number;
  private readonly schedule: RepeatingTask;
  private readonly findings = new Map<string, OpenFinding>();
  private before: { readonly traffic: DistributionTraffic; readonly atMs: number } | undefined;

  constructor(
    private readonly source: TrafficSource,
    private readonly outbox: { add(events: readonly MonitoringEventInput[]): void },
    private readonly clock: Clock,
    private readonly options: OptimizationOptions,
  ) {
    this.intervalMs = options.intervalMs ?? 30_000;
    this.capacity = options.capacity ?? 100;
    this.schedule = new RepeatingTask('optimization', this.intervalMs, clock, () => this.look());
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }

  open(): readonly Finding[] {
    return [...this.findings.values()].filter(({ isPublished }) => isPublished).map(({ finding }) => finding);
  }

  private look(): void {
    const traffic = this.source.traffic();
    const atMs = this.clock.monotonicMs();
    const { before } = this;
    this.before = { traffic, atMs };
    if (before === undefined) return;
    const nowMicros = this.clock.nowMicros();
    const found = new Map(
      findingsOf(before.traffic, traffic, atMs - before.atMs).map((finding) => [finding.findingId, finding]),
    );
    for (const [id, open] of this.findings) if (!found.has(id)) this.missed(id, open, nowMicros);
    for (const [id, finding] of found) this.seen(id, finding, nowMicros);
  }

  private seen(id: string, finding: Finding, nowMicros: number): void {
    const known = this.findings.get(id);
    if (known === undefined && this.findings.size >= this.capacity) return;
    const streak = Math.max(0, known?.streak ?? 0) + 1;
    const openedMicros = known?.openedMicros ?? nowMicros;
    const isPublished = known?.isPublished === true || streak >= LOOKS;
    this.findings.set(id, { finding, openedMicros, streak, isPublished });
    if (isPublished && known?.isPublished !== true) this.publish(finding, 'open', openedMicros, nowMicros);
  }

  private missed(id: string, open: OpenFinding, nowMicros: number): void {
    open.streak = Math.min(0, open.streak) - 1;
    if (open.isPublished && open.streak > -LOOKS) return;
    this.findings.delete(id);
    if (open.isPublished) this.publish(open.finding, 'ended', open.openedMicros, nowMicros);
  }

  private publish(finding: Finding, status: 'open' | 'ended', openedMicros: number, nowMicros: number): void {
    const findingId = `${finding.findingId.slice(0, 99)}@${this.options.sourceWord.slice(0, 60)}`;
    this.outbox.add([findingEvent({ ...finding, findingId }, status, openedMicros, nowMicros)]);
  }
}

function findingEvent(
  { findingId, kind, subject, explanation, recommendation, evidence }: Finding,
  status: 'open' | 'ended',
  openedMicros: number,
  nowMicros: number,
): MonitoringEventInput {
  return {
    event_id: `${findingId.slice(0, 160)}:${stampOfMicros(openedMicros)}:${status}`,
    timestamp: isoOfMicros(nowMicros),
    data_type: 'PERFORMANCE_OPTIMIZATION',
    data: {
      service_name: OWN_SERVICE,
      finding_id: findingId.slice(0, 200),
      kind,
      status,
      subject: subject.slice(0, 200),
      explanation: explanation.slice(0, 2_000),
      recommendation,
      evidence: { ...evidence },
    },
    metadata: { source_service: OWN_SERVICE, severity: 'INFO' },
  };
}
