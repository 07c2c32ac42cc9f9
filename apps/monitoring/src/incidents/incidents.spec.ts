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
