export interface Addresses {
  readonly host: string;
  readonly port: string;
  readonly grpcPort: string;
}

/** What `npm start` prints when the service is ready: every line can be pasted as it is. */
export function summaryOf({ host, port, grpcPort }: Addresses): string {
  const http = `http://${host}:${port}`;
  const stream = `${host}:${port}/api/v1/monitoring/stream`;
  const cli = port === '7101' ? 'npx distributary' : `DISTRIBUTARY_URL=${http} npx distributary`;
  return `
Distributary monitoring is ready: it watches this machine, and you can watch it.

  REST, SSE, docs   ${http}      (OpenAPI: ${http}/api/docs)
  WebSocket         ws://${stream}
  gRPC              ${host}:${grpcPort}   (reflection is on)
  Data              .data   (kept between starts; delete it to begin anew)

Try, in another terminal:

  # the newest figures of this machine, active alerts, and how everything is
  curl ${http}/api/v1/monitoring/metrics/host/latest
  curl ${http}/api/v1/monitoring/alerts/active
  curl ${http}/api/v1/monitoring/health/summary

  # the live stream: server-sent events, WebSocket, gRPC
  curl -N '${http}/api/v1/monitoring/stream?data_types=METRICS'
  npx -y wscat -c 'ws://${stream}?data_types=METRICS,ALERTS'
  grpcurl -plaintext -d '{"data_types":["METRICS"]}' ${host}:${grpcPort} distributary.monitoring.v1.MonitoringStream/StreamMonitoring

  # the command line: follow, filter, publish
  ${cli} tail 'monitoring/#'
  ${cli} tail 'monitoring/#' --filter 'severity == "CRITICAL"'
  ${cli} publish --topic monitoring/alerts/critical --data-type ALERTS --service demo --severity CRITICAL --data '{"alert_id":"demo-1","service_name":"demo","metric_name":"response_time_p99","current_value":5000,"threshold":1000}'
  ${cli} topics

Ctrl-C stops everything cleanly.
`;
}
