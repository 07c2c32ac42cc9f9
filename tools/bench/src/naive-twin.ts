import http from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * What one writes in an afternoon: the same doors, and one `ws.send` per message and client. No log, no filters, no
 * resume, nothing is kept: the least that a fan-out can do.
 *
 *   POST ──▶ JSON.parse ──▶ for each event, for each client of its topic: ws.send
 *
 * Usage: node naive-twin.js <port>
 */
const server = http.createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    if (request.method === 'POST') broadcast(JSON.parse(Buffer.concat(parts).toString()) as Event[]);
    response.end('{}');
  });
});
const clientsOf = new Map<string, Set<WebSocket>>();

interface Event {
  readonly routing: { readonly topic: string };
}

function broadcast(events: readonly Event[]): void {
  for (const event of events) {
    const message = JSON.stringify(event);
    for (const client of clientsOf.get(event.routing.topic) ?? []) client.send(message);
  }
}

new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (client, request) => {
  const topic = new URL(request.url ?? '/', 'http://localhost').searchParams.get('topic') ?? '';
  const clients = clientsOf.get(topic) ?? new Set();
  clientsOf.set(topic, clients.add(client));
  client.on('close', () => clients.delete(client));
  client.on('error', () => client.terminate());
  client.send('{"type":"ready","payload":{}}');
});
process.on('SIGTERM', () => process.exit(0));
server.listen(Number(process.argv[2]), '127.0.0.1');
