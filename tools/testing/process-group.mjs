import { spawn } from 'node:child_process';

const POLL_MS = 50;

/** A command and all that it starts, in a process group of its own: signals reach all of it, as Ctrl-C in a terminal does. */
export class ProcessGroup {
  hasEnded = false;

  constructor(command, args, options = {}) {
    const leader = spawn(command, args, { ...options, detached: true });
    this.pid = leader.pid;
    /** Of the command itself: its code or signal. */
    this.ended = new Promise((resolve) => leader.once('exit', (code, signal) => resolve({ code, signal })));
    void this.ended.then(() => (this.hasEnded = true));
  }

  /** False: nobody is left in it. */
  signal(name) {
    try {
      process.kill(-this.pid, name);
      return true;
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
      return false;
    }
  }

  /** First as Ctrl-C, so that what it started in groups of their own is stopped by it; by force if any is left then. */
  async stop(deadlineMs) {
    const endMs = performance.now() + deadlineMs;
    let isLeft = this.signal('SIGINT');
    while (isLeft && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      isLeft = this.signal(0);
    }
    if (isLeft) this.signal('SIGKILL');
  }
}
