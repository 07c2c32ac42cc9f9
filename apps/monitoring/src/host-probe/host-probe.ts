import type { MonitoringEventInput } from '@distributary/contracts';
import type { Clock } from '@distributary/distribution-core';
import { type FailureLog, isoOfMicros, RepeatingTask, type Schedule } from '@distributary/distribution-service';
import { OWN_SERVICE } from '../events/own-service.js';
import { sourceWordOf } from '../performance/source-word.js';
import type { HostReader } from './host-reader.js';
import type { ProcessReader } from './process-reader.js';
import { type Figure, hostFigures, type HostReading, processFigures, type ProcessReading } from './readings.js';
import type { MonitoringPublisher } from '../events/own-publishing.js';

export const HOST_SERVICE = 'host';

export interface HostProbeOptions {
  readonly intervalMs: number;
  /** A label of every figure, and the last word of its routing key. */
  readonly hostname: string;
  /** Of this process among those of its machine; undefined: it is the only one. */
  readonly processName?: string;
  /** Several processes of a machine would say the same of it: whether this one speaks. Absent: always. */
  readonly speaksForHost?: () => boolean;
}

/**
 * Publishes what this machine and this process measure of themselves, as METRICS. A sample that the broker does not
 * take is dropped: the next one is a moment away, and late figures would lie about now.
 */
export class HostProbe implements Schedule {
  private readonly schedule: RepeatingTask;
  private readonly hostWord: string;
  private readonly processWord: string;
  private host: HostReading | undefined;
  private process: ProcessReading | undefined;

  constructor(
    private readonly hostReader: HostReader,
    private readonly processReader: ProcessReader,
    private readonly publisher: MonitoringPublisher,
    private readonly clock: Clock,
    private readonly options: HostProbeOptions,
    log?: FailureLog,
  ) {
    this.hostWord = sourceWordOf(options.hostname, undefined);
    this.processWord = sourceWordOf(options.hostname, options.processName);
    this.schedule = new RepeatingTask('host-probe', options.intervalMs, clock, () => this.sample(), log);
  }

  start(): void {
    this.processReader.start();
    this.schedule.start();
  }

  async stop(): Promise<void> {
    await this.schedule.stop();
    this.processReader.stop();
  }

  /** Reads once and publishes. Rates appear from the second time on. */
  async sample(): Promise<void> {
    const [host, process] = await Promise.all([this.hostReader.read(), this.processReader.read()]);
    const timestamp = isoOfMicros(this.clock.nowMicros());
    const ofHost = this.options.speaksForHost?.() === false ? [] : hostFigures(this.host, host);
    const events = [
      ...ofHost.map((figure) => this.eventOf(HOST_SERVICE, figure, timestamp)),
      ...processFigures(this.process, process).map((figure) => this.eventOf(OWN_SERVICE, figure, timestamp)),
    ];
    this.host = host;
    this.process = process;
    await this.publisher.publish(events);
  }

  private eventOf(service: string, { metric, value, unit }: Figure, timestamp: string): MonitoringEventInput {
    const { hostname, processName } = this.options;
    const isOfHost = service === HOST_SERVICE || processName === undefined;
    const sourceWord = service === HOST_SERVICE ? this.hostWord : this.processWord;
    return {
      timestamp,
      data_type: 'METRICS',
      data: {
        service_name: service,
        metric_name: metric,
        current_value: value,
        unit,
        labels: { host: hostname.slice(0, 200), ...(isOfHost ? {} : { process: processName }) },
      },
      // In the key, so that each machine and each process has states of its own.
      routing: { routing_key: `${service}.metric.${sourceWord}` },
      metadata: { source_service: OWN_SERVICE },
    };
  }
}
