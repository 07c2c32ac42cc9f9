import { loadSync } from '@grpc/proto-loader';
import { MONITORING_PROTO, monitoringDistributionMessage, PROTO_LOADING } from '@distributary/contracts';

const service = loadSync(MONITORING_PROTO, PROTO_LOADING)['distributary.monitoring.v1.MonitoringStream'];
if ('format' in service) throw new Error('not a service');

describe('monitoring.proto', () => {
  it('has the methods of the specification, which JavaScript sees under the names that it gives them', () => {
    const methods = Object.values(service);
    expect(methods.map(({ originalName }) => originalName)).toEqual([
      'streamMonitoring',
      'manageSubscription',
      'exchange',
      'publish',
      'publishStream',
    ]);
    expect(methods.map(({ requestStream, responseStream }) => [requestStream, responseStream])).toEqual([
      [false, true],
      [false, false],
      [true, true],
      [false, false],
      [true, true],
    ]);
  });
});

describe('a typed monitoring event', () => {
  it('is the stored event, field by field', () => {
    const message = monitoringDistributionMessage({
      event_id: 'e1',
      timestamp: '2025-06-21T10:00:00.250Z',
      data_type: 'ALERTS',
      distribution: {
        topic: 'monitoring/alerts/critical',
        routing_key: 'portfolio_mgmt.alert.critical',
        target_subscribers: ['incident_management'],
        priority: 1,
      },
      data: { alert_id: 'alert_1', current_value: 5000 },
      metadata: {
        source_service: 'alerting',
        severity: 'CRITICAL',
        urgency: 'HIGH',
        retention_policy: '30d',
      },
    });
    const { StreamMonitoring } = service;
    const bytes = StreamMonitoring.responseSerialize({ lane: 'a#0', events: [message] });
    expect(StreamMonitoring.responseDeserialize(bytes)).toEqual({
      lane: 'a#0',
      events: [
        {
          event_id: 'e1',
          timestamp: { seconds: 1_750_500_000, nanos: 250_000_000 },
          data_type: 'ALERTS',
          data: Buffer.from('{"alert_id":"alert_1","current_value":5000}'),
          routing: {
            topic: 'monitoring/alerts/critical',
            routing_key: 'portfolio_mgmt.alert.critical',
            target_subscribers: ['incident_management'],
            priority: 1,
          },
          metadata: {
            source_service: 'alerting',
            severity: 'CRITICAL',
            urgency: 'HIGH',
            _severity: 'severity',
            _urgency: 'urgency',
            retention_policy: '30d',
          },
        },
      ],
    });
  });
});
