export interface Addresses {
  readonly host: string;
  readonly port: string;
  readonly grpcPort: string;
  readonly marketData: { readonly port: string; readonly grpcPort: string };
  /** File of the key that callers need; undefined: authentication is off. */
  readonly keyFile: string | undefined;
  /** The key itself, if this start has made it. */
  readonly newKey: string | undefined;
}

/** What `npm start` prints when the service is ready: every line can be pasted as it is, at this start and later ones. */
export function summaryOf({ host, port, grpcPort, marketData, keyFile, newKey }: Addresses): string {
  const http = `http://${host}:${port}`;
  const market = `http://${host}:${marketData.port}`;
  const stream = `${host}:${port}/api/v1/monitoring/stream`;
  const program = port === '7101' ? 'npx distributary' : `DISTRIBUTARY_URL=${http} npx distributary`;
  const marketProgram = marketData.port === '7102' ? 'npx distributary' : `DISTRIBUTARY_URL=${market} npx distributary`;
  const header = (name: string) => (keyFile === undefined ? '' : `-H "${name}: Bearer $(cat ${keyFile})" `);
  const auth = header('Authorization');
  const tokenOption = keyFile === undefined ? '' : ` --token-file ${keyFile}`;
  const cli = (command: string) => `${program} ${command}${tokenOption}`;
  return `
Distributary is ready: monitoring watches this machine, market data shows ticks that it makes up, and a real index replayed.

  monitoring        ${http}   docs ${http}/api/docs   gRPC ${host}:${grpcPort}
  market data       ${market}   docs ${market}/api/docs   gRPC ${host}:${marketData.grpcPort}
  Data              .data   (kept between starts; delete it to begin anew)
${keyLines(keyFile, newKey)}
Try, in another terminal, in this folder:

  # the newest figures of this machine, active alerts, and how everything is
  curl ${auth}${http}/api/v1/monitoring/metrics/host/latest
  curl ${auth}${http}/api/v1/monitoring/alerts/active
  curl ${auth}${http}/api/v1/monitoring/health/summary

  # the live stream: server-sent events, WebSocket, gRPC
  curl -N ${auth}'${http}/api/v1/monitoring/stream?data_types=METRICS'
  npx -y wscat ${auth}-c 'ws://${stream}?data_types=METRICS,ALERTS'
  grpcurl -plaintext ${header('authorization')}-d '{"data_types":["METRICS"]}' ${host}:${grpcPort} distributary.monitoring.v1.MonitoringStream/StreamMonitoring

  # market data: the latest of a symbol, and the live stream of two
  curl ${auth}${market}/api/v1/market-data/AAPL/latest
  curl -N ${auth}'${market}/api/v1/market-data/stream?symbols=AAPL,MSFT'
  curl ${auth}'${market}/api/v1/market-data/AAPL/history?interval=1m'
  ${marketProgram} tail --api market-data --symbols AAPL,MSFT${tokenOption}

  # the command line: follow, filter, publish
  ${cli("tail 'monitoring/#'")}
  ${cli(`tail 'monitoring/#' --filter 'severity == "CRITICAL"'`)}
  ${cli(`publish --topic monitoring/alerts/critical --data-type ALERTS --service demo --severity CRITICAL --data '{"alert_id":"demo-1","service_name":"demo","metric_name":"response_time_p99","current_value":5000,"threshold":1000}'`)}
  ${cli('topics')}

Ctrl-C stops everything cleanly.
`;
}

function keyLines(keyFile: string | undefined, newKey: string | undefined): string {
  if (keyFile === undefined)
    return '  Authentication    off (AUTH=off): whoever reaches the service may do everything\n';
  const where = `  Key               ${keyFile}   (for development; it may do everything)\n`;
  return newKey === undefined ? where : `${where}                    ${newKey}   (shown this once)\n`;
}
