import type { MonitoringEventInput } from '@distributary/contracts';
import { FakeClock } from '@distributary/distribution-core/testing';
import { ActiveAlerts } from '../alerts/active-alerts.js';
import { isoOfMicros } from '@distributary/distribution-service';
import { batchOf, batchOfRecords, RecordingPublisher } from '../testing/published-events.js';
import { IncidentGrouping } from './incident-grouping.js';
import { OpenIncidents } from './open-incidents.js';

const clock = new FakeClock();
const START = clock.nowMicros();
const MINUTE = 60_000;

const alert = (
  alertId: string,
  severity: string,
  atMs: number,
  status: 'raised' | 'resolved' = 'raised',
  service = 'billing',
): MonitoringEventInput => ({
  timestamp: isoOfMicros(START + atMs * 1000),
  data_type: 'ALERTS',
  data: { alert_id: alertId, service_name: service, severity, status },
  metadata: { source_service: 'elsewhere' },
});

/** The parts as they are wired: what is published comes back through the feed. */
function aGrouping(options: { isReady?: boolean; leads?: boolean } = {}) {
  const alerts = new ActiveAlerts();
  const incidents = new OpenIncidents();
  const published: MonitoringEventInput[] = [];
  const grouping = new IncidentGrouping(alerts, incidents, { add: (events) => void published.push(...events) }, clock);
  if (options.leads !== false) grouping.lead();
  if (options.isReady !== false) {
    alerts.ready();
    incidents.ready();
  }
  const tell = (...events: MonitoringEventInput[]) => events.forEach((event) => alerts.apply(batchOf(clock, event)));
  const story = () =>
    published.map((event) => {
      const data = event.data as { status: string; severity: string; alert_ids: string[] };
      return `${data.status} ${data.severity} ${data.alert_ids.join('+')}`;
    });
  return { alerts, incidents, published, grouping, tell, story };
}

describe('an incident', () => {
  it('opens at a critical alert, takes in what follows, and ends with the last of its alerts', async () => {
    const { tell, story, published } = aGrouping();
    tell(alert('a', 'CRITICAL', 0), alert('b', 'WARNING', 1), alert('a', 'CRITICAL', 2, 'resolved'));
    expect(story()).toEqual(['opened CRITICAL a', 'updated CRITICAL a+b']);
    tell(alert('b', 'WARNING', 3, 'resolved'));
    expect(story()[2]).toBe('resolved CRITICAL a+b');
    expect(published[0]).toMatchObject({
      data: { service_name: 'billing', title: '1 alert of billing', opened_at: isoOfMicros(START) },
      metadata: { source_service: 'monitoring-distribution', urgency: 'HIGH' },
    });
    expect(new Set(published.map((event) => event.event_id)).size).toBe(3);
    await expect(new RecordingPublisher().publish(published)).resolves.toEqual([]);
  });

  it('opens at the third alert of a service within five minutes', () => {
    const { tell, story } = aGrouping();
    tell(alert('a', 'INFO', 0), alert('x', 'INFO', 1, 'raised', 'search'), alert('b', 'WARNING', MINUTE));
    expect(story()).toEqual([]);
    tell(alert('c', 'INFO', 5 * MINUTE));
    expect(story()).toEqual(['opened WARNING a+b+c']);
  });

  it('does not open when they are further apart, or the same one is raised again', () => {
    const { tell, story } = aGrouping();
    tell(
      alert('a', 'INFO', 0),
      alert('b', 'INFO', MINUTE),
      alert('c', 'INFO', 5 * MINUTE + 1),
      alert('c', 'INFO', 5 * MINUTE + 2),
    );
    expect(story()).toEqual([]);
  });

  it('counts an alert that was resolved meanwhile, without waiting for it', () => {
    const { tell, story } = aGrouping();
    tell(alert('a', 'INFO', 0), alert('a', 'INFO', 1, 'resolved'), alert('b', 'INFO', 2), alert('c', 'INFO', 3));
    tell(alert('b', 'INFO', 4, 'resolved'), alert('c', 'INFO', 5, 'resolved'));
    expect(story()).toEqual(['opened INFO a+b+c', 'resolved INFO a+b+c']);
  });

  it('becomes more severe, and not less, with its alerts', () => {
    const { tell, story } = aGrouping();
    tell(
      alert('a', 'INFO', 0),
      alert('b', 'INFO', 1),
      alert('c', 'INFO', 2),
      alert('b', 'CRITICAL', 3),
      alert('b', 'INFO', 4),
    );
    expect(story()).toEqual(['opened INFO a+b+c', 'updated CRITICAL a+b+c']);
  });

  it('opens when a known alert becomes critical', () => {
    const { tell, story } = aGrouping();
    tell(alert('a', 'INFO', 0), alert('a', 'CRITICAL', 1));
    expect(story()).toEqual(['opened CRITICAL a']);
  });
});

describe('incidents after a restart', () => {
  it('go on where they were, and make up for what was missed', () => {
    const before = aGrouping();
    before.tell(alert('a', 'CRITICAL', 0), alert('z', 'CRITICAL', 1, 'raised', 'search'));

    const after = aGrouping({ isReady: false });
    after.tell(alert('a', 'CRITICAL', 0), alert('n', 'CRITICAL', 9, 'raised', 'new'));
    after.alerts.ready();
    after.tell(alert('m', 'INFO', 10));
    expect(after.story()).toEqual([]);
    after.incidents.apply(batchOf(clock, ...before.published));
    after.incidents.ready();
    expect(after.story()).toEqual(['resolved CRITICAL z', 'opened CRITICAL n', 'updated CRITICAL a+m']);
    after.tell(alert('a', 'CRITICAL', 11, 'resolved'), alert('m', 'INFO', 12, 'resolved'));
    expect(after.story()[3]).toBe('resolved CRITICAL a+m');
    expect(after.published[3].data).toMatchObject({ incident_id: before.published[0].data.incident_id });
  });
});

describe('incidents of several workers', () => {
  it('are told by the one that leads, and by its successor from where it was', () => {
    const [first, second] = [aGrouping(), aGrouping({ leads: false })];
    const tell = (...events: MonitoringEventInput[]) => [first, second].forEach((worker) => worker.tell(...events));
    tell(alert('a', 'CRITICAL', 0));
    // Resolved before the successor leads, it counts for the next incident all the same.
    tell(alert('x', 'INFO', 1, 'raised', 'search'), alert('x', 'INFO', 2, 'resolved', 'search'));
    tell(alert('y', 'INFO', 3, 'raised', 'search'));
    expect(second.story()).toEqual([]);
    second.incidents.apply(batchOf(clock, ...first.published));
    first.grouping.follow();
    second.grouping.lead();
    tell(alert('b', 'INFO', 4), alert('z', 'INFO', 5, 'raised', 'search'), alert('a', 'CRITICAL', 6, 'resolved'));
    tell(alert('b', 'INFO', 7, 'resolved'));
    expect(first.story()).toEqual(['opened CRITICAL a']);
    expect(second.story()).toEqual(['updated CRITICAL a+b', 'opened INFO x+y+z', 'resolved CRITICAL a+b']);
    expect(second.published[0].data.incident_id).toBe(first.published[0].data.incident_id);
  });

  describe('after a change of the leader', () => {
    /** Two workers that hear the same; the second is shown what the first told, and leads a while later. */
    const takenOver = (afterMs: number, ...events: MonitoringEventInput[]) => {
      const [first, second] = [aGrouping(), aGrouping({ leads: false })];
      for (const event of events) {
        const toldBefore = first.published.length;
        [first, second].forEach((worker) => worker.tell(event));
        const told = first.published.slice(toldBefore);
        if (told.length > 0) second.incidents.apply(batchOf(clock, ...told));
      }
      first.grouping.follow();
      clock.advance(afterMs);
      second.grouping.lead();
      return { first, second };
    };
    const resolved = (alertId: string, severity: string, atMs: number) => alert(alertId, severity, atMs, 'resolved');
    const now = () => (clock.nowMicros() - START) / 1000;

    it('do not open again when their alerts are long over', () => {
      const { first, second } = takenOver(
        10 * MINUTE,
        alert('a', 'CRITICAL', now()),
        resolved('a', 'CRITICAL', now() + 1),
      );
      expect(first.story()).toEqual(['opened CRITICAL a', 'resolved CRITICAL a']);
      expect(second.story()).toEqual([]);
    });

    it('do not open of alerts that nobody told of and that are all over', () => {
      const second = aGrouping({ leads: false });
      second.tell(alert('a', 'CRITICAL', now()), resolved('a', 'CRITICAL', now() + 1));
      second.grouping.lead();
      expect(second.story()).toEqual([]);
    });

    it('do not take in again what was in one that is over, unless it is raised again', () => {
      const alerts = ['a', 'b', 'c'];
      const { second } = takenOver(
        0,
        ...alerts.map((id, index) => alert(id, 'INFO', now() + index)),
        ...alerts.map((id, index) => resolved(id, 'INFO', now() + 3 + index)),
        alert('a', 'INFO', now() + 10),
        resolved('a', 'INFO', now() + 11),
      );
      second.tell(alert('d', 'INFO', now() + 12));
      expect(second.story()).toEqual([]);
      second.tell(alert('e', 'INFO', now() + 13));
      expect(second.story()).toEqual(['opened INFO a+d+e']);
    });

    it('do not wait for an alert that came and went while nobody led', () => {
      const first = aGrouping();
      const second = aGrouping({ leads: false });
      [first, second].forEach((worker) => worker.tell(alert('a', 'CRITICAL', now())));
      second.incidents.apply(batchOf(clock, ...first.published));
      second.tell(alert('b', 'INFO', now() + 1), resolved('b', 'INFO', now() + 2));
      second.grouping.lead();
      second.tell(resolved('a', 'CRITICAL', now() + 3));
      expect(second.story()).toEqual(['updated CRITICAL a+b', 'resolved CRITICAL a+b']);
    });
  });

  it('do not count together what was further apart while nobody led', () => {
    const { grouping, tell, story } = aGrouping({ leads: false });
    tell(alert('a', 'INFO', 0), alert('b', 'INFO', 4 * MINUTE), alert('c', 'INFO', 8 * MINUTE));
    grouping.lead();
    expect(story()).toEqual([]);
  });
});

describe('open incidents', () => {
  const incident = (
    incidentId: string,
    status: 'opened' | 'resolved' | undefined,
    topic?: string,
  ): MonitoringEventInput => ({
    timestamp: isoOfMicros(START),
    data_type: 'INCIDENTS',
    data: { incident_id: incidentId, ...(status && { status }) },
    ...(topic === undefined ? {} : { routing: { topic } }),
    metadata: { source_service: 'pager', severity: 'HIGH' },
  });

  it('include those of others, in whatever order lanes are read', () => {
    const incidents = new OpenIncidents();
    incidents.apply(batchOf(clock, incident('a', undefined), incident('b', 'opened'), incident('b', 'resolved')));
    incidents.apply(batchOf(clock, incident('b', 'opened', 'elsewhere')));
    expect([...incidents.values()]).toMatchObject([
      {
        incidentId: 'a',
        topic: 'monitoring/incidents',
        service: 'pager',
        severity: 'WARNING',
        alertIds: [],
        openedMicros: START,
        sourceService: 'pager',
      },
    ]);
    incidents.apply(batchOf(clock, incident('b', 'opened')));
    expect(incidents.size).toBe(2);
  });

  it('are bounded, and not disturbed by what others write', () => {
    const incidents = new OpenIncidents(1);
    incidents.apply(batchOf(clock, incident('a', 'opened'), incident('b', 'opened')));
    const attributes = { data_type: 'INCIDENTS' };
    const record = { eventId: 'e', timeMicros: 1, routingKey: 'k', attributes, value: Buffer.from('{}') };
    incidents.apply(batchOfRecords('monitoring/incidents', [record]));
    expect([...incidents.values()].map((open) => open.incidentId)).toEqual(['b']);
  });
});
