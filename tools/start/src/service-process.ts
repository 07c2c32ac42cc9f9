import { type ChildProcess, spawn } from 'node:child_process';

export type Readiness = 'ready' | 'ended' | 'late';

/** A service as a child of this process, with a channel over which it says that it is ready. */
export class ServiceProcess {
  private readonly child: ChildProcess;
  private readonly ready: Promise<Readiness>;
  /** What its end means for ours: its exit code, or 128 if a signal that it did not handle ended it. */
  readonly ended: Promise<number>;

  /**
   * In a process group of its own: whoever is told to stop, by Ctrl-C in a terminal or by a signal to this process alone,
   * the service hears of it exactly once. A second time makes it exit at once. If this process is gone without a word, the
   * channel closes, and the service drains.
   */
  constructor(program: string, options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    const child = spawn(process.execPath, [program], {
      ...options,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
      child.once('error', () => child.pid === undefined && resolve(1));
    });
    const said = new Promise<Readiness>((resolve) => {
      child.on('message', (message) => (message as { readonly pool?: unknown }).pool === 'ready' && resolve('ready'));
    });
    this.ready = Promise.race([said, this.ended.then(() => 'ended' as const)]);
  }

  /** By its own word: at its port, somebody else may answer. */
  async untilReady(deadlineMs: number): Promise<Readiness> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Readiness>((resolve) => {
      timer = setTimeout(() => resolve('late'), deadlineMs);
    });
    const readiness = await Promise.race([this.ready, late]);
    clearTimeout(timer);
    return readiness;
  }

  stop(): void {
    this.child.kill('SIGTERM');
  }
}
