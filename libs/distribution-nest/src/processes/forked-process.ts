import type { ChildProcess } from 'node:child_process';
import type { Worker } from 'node:cluster';
import type { Lifecycle } from '../lifecycle/lifecycle.js';
import type { StartedProcess } from './process-seat.js';

/** What processes of a pool tell one another. */
type PoolMessage = { readonly pool: 'ready' } | { readonly pool: 'drain' };

const isMessage = (message: unknown, kind: PoolMessage['pool']): boolean =>
  typeof message === 'object' && message !== null && 'pool' in message && message.pool === kind;

/** A child with a channel of messages, in which {@link joinPool} is called. */
export function forkedProcess(child: ChildProcess): StartedProcess {
  return {
    pid: child.pid,
    ready: new Promise((resolve) => {
      child.on('message', (message) => isMessage(message, 'ready') && resolve());
    }),
    ended: new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
      // Told of a message as well that did not get through, and of a signal; only one that never ran ends by it.
      child.on('error', (error) => child.pid === undefined && resolve(error.message));
    }),
    drain: () => {
      // By a message and not by a signal: who stops a whole group of processes signals each of them, and a second signal
      // means that nobody waits any more. One that is gone takes none.
      if (child.connected) child.send({ pool: 'drain' } satisfies PoolMessage, () => undefined);
    },
    reload: () => void child.kill('SIGHUP'),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** A worker of this cluster, in which {@link joinPool} is called. */
export function forkedWorker(worker: Worker): StartedProcess {
  // The cluster passes errors of the child on to the worker first, where they would be thrown if nobody listened.
  worker.on('error', () => undefined);
  return forkedProcess(worker.process);
}

/** The part of `process` that is needed. */
export interface PoolMember {
  readonly connected?: boolean;
  send?(message: unknown): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  exit(code: number): void;
}

/** To be called when the service is ready. Where nobody watches over this process it does nothing. */
export function joinPool(member: PoolMember, lifecycle: Pick<Lifecycle, 'drain'>): void {
  if (member.send === undefined) return;
  const leave = (reason: string) => {
    void lifecycle.drain(reason).then((reports) => {
      member.exit(reports.every(({ outcome }) => outcome === 'done') ? 0 : 1);
    });
  };
  // While it was starting, the other one has gone.
  if (!member.connected) return leave('pool_gone');
  member.on('message', (message) => isMessage(message, 'drain') && leave('pool'));
  // The one that watches over it is gone, and nobody would end it any more.
  member.on('disconnect', () => leave('pool_gone'));
  member.send({ pool: 'ready' } satisfies PoolMessage);
}
