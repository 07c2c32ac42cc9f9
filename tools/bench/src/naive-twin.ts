import http from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * What one writes in an afternoon: the same doors, and one `ws.send` per message and client. No log, no filters, no
 * resume, nothing is kept: the least that a fan-out can do.
 *
 *   POST ──▶ JSON.parse ──▶ for each event, for each client: ws.send
 *
 * Usage: node naive-twin.js <port>
 */
const server = http.createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    if (request.method === 'POST') broadcast(JSON.parse(Buffer.concat(parts).toString()) as unknown[]);
    response.end('{}');
  });
});
const clients = new Set<WebSocket>();

function broadcast(events: readonly unknown[]): void {
  for (const event of events) {
    const message = JSON.stringify(event);
    for (const client of clients) client.send(message);
  }
}

new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (client) => {
  clients.add(client);
  client.on('close', () => clients.delete(client));
  client.on('error', () => client.terminate());
  client.send('{"type":"ready","payload":{}}');
});
process.on('SIGTERM', () => process.exit(0));
server.listen(Number(process.argv[2]), '127.0.0.1');
