import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadConfig, noLogger } from '@distributary/distribution-nest';
import { until } from '@distributary/distribution-core/testing';
import { createApp, monitoringConfig } from '@distributary/monitoring';
import WebSocket from 'ws';
import { startAlertmanager } from './index.js';

const API = '/api/v1/monitoring';

interface Alert {
  readonly alert_id: string;
  readonly severity: string;
  readonly rule_id: string;
  readonly message: string;
}

interface StoredAlert {
  readonly data: { readonly alert_id: string; readonly status: string };
}

/** Prometheus → a real Alertmanager → the real service → its subscribers; the test stands in for Prometheus. */
describe('a real Alertmanager whose receiver is the monitoring service', () => {
  it('has its alerts shown as active and sent to subscribers, until they are resolved', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-alertmanager-'));
    const app = await createApp(
      loadConfig(
        {
          PORT: '0',
          GRPC_PORT: '0',
          DATA_DIR: path.join(folder, 'data'),
          EMBEDDED_DIR: path.join(folder, 'log'),
          EMBEDDED_SYNC: 'commit',
          EMBEDDED_MAX_SIZE: '1GiB',
          PROBE_INTERVAL_MS: '3600000',
        },
        monitoringConfig,
      ),
      noLogger,
    );
    const alertmanager = await startAlertmanager(`
route:
  receiver: distributary
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: distributary
    webhook_configs:
      - url: ${app.httpUrl}${API}/alertmanager/webhook
        send_resolved: true
`);
    try {
      const received: StoredAlert[] = [];
      const socket = new WebSocket(
        `${app.httpUrl.replace('http', 'ws')}${API}/stream?services=billing&data_types=ALERTS`,
        'distributary.v1.json',
      );
      let isSubscribed = false;
      socket.on('message', (bytes: Buffer) => {
        const { type, payload } = JSON.parse(bytes.toString()) as { type: string; payload: { events: StoredAlert[] } };
        if (type === 'subscribed') isSubscribed = true;
        if (type === 'data') received.push(...payload.events);
      });
      await until('the subscription', () => isSubscribed);

      const tell = async (ends: { endsAt?: string }) => {
        const alert = {
          labels: { alertname: 'QueueTooLong', service: 'billing', severity: 'critical' },
          annotations: { summary: 'the queue of billing is too long' },
          startsAt: '2026-01-02T03:04:05Z',
          generatorURL: 'http://127.0.0.1:9090/graph',
          ...ends,
        };
        const response = await fetch(`${alertmanager.url}/api/v2/alerts`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify([alert]),
        });
        expect(response.status).toBe(200);
      };
      const active = async () =>
        (await (await fetch(`${app.httpUrl}${API}/alerts/active?service=billing`)).json()) as Alert[];

      await tell({});
      await until('the alert', async () => (await active()).length === 1, 30_000);
      expect(await active()).toMatchObject([
        {
          alert_id: expect.stringMatching(/^alertmanager_[0-9a-f]{16}$/),
          severity: 'CRITICAL',
          rule_id: 'QueueTooLong',
          message: 'the queue of billing is too long',
        },
      ]);
      await tell({ endsAt: '2026-01-02T03:14:05Z' });
      await until('its end', async () => (await active()).length === 0, 30_000);
      await until('both at the subscriber', () => received.length >= 2);
      expect(received.map(({ data }) => data.status)).toEqual(['raised', 'resolved']);
      expect(new Set(received.map(({ data }) => data.alert_id)).size).toBe(1);
      socket.terminate();
    } finally {
      await alertmanager.stop();
      await app.lifecycle.drain('test is over');
      rmSync(folder, { recursive: true, force: true });
    }
  }, 180_000);
});
