import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Programs of this tool speak in messages that have a type, over the channel that Node gives to a child. */
export interface Message {
  readonly type: string;
}

let hasTaskset: boolean | undefined;

/** The command that runs Node on one CPU only, if the machine can do that. */
export function nodeCommand(args: readonly string[], cpu: number | undefined): [string, ...string[]] {
  hasTaskset ??= spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
  return cpu === undefined || !hasTaskset
    ? [process.execPath, ...args]
    : ['taskset', '-c', String(cpu), process.execPath, ...args];
}

/** A program of this tool in a process of its own. It must end when its channel closes. */
export class ChildProgram<Command extends Message, Answer extends Message> {
  private readonly waiting = new Map<string, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  private readonly ended: Promise<void>;
  private hasEnded = false;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (answer: Answer) => {
      this.waiting.get(answer.type)?.resolve(answer);
      this.waiting.delete(answer.type);
    });
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.hasEnded = true;
        for (const { reject } of this.waiting.values()) reject(new Error(`the program ended early: ${code ?? signal}`));
        this.waiting.clear();
        resolve();
      });
    });
  }

  static start<Command extends Message, Answer extends Message>(
    script: string,
    cpu?: number,
  ): ChildProgram<Command, Answer> {
    const [command, ...args] = nodeCommand([script], cpu);
    return new ChildProgram(
      spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' }),
    );
  }

  get pid(): number {
    return this.child.pid as number;
  }

  tell(command: Command): void {
    this.child.send(command);
  }

  /** Resolves with the answer of that type; one question of a type at a time. */
  ask<Type extends Answer['type']>(
    command: Command,
    type: Type,
    deadlineMs: number,
  ): Promise<Extract<Answer, { readonly type: Type }>> {
    return new Promise((resolve, reject) => {
      if (this.hasEnded) return reject(new Error('the program has ended'));
      const timer = setTimeout(() => {
        this.waiting.delete(type);
        reject(new Error(`no answer "${type}" to "${command.type}" within ${deadlineMs} ms`));
      }, deadlineMs);
      this.waiting.set(type, {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer as Extract<Answer, { readonly type: Type }>);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.child.send(command);
    });
  }

  async stop(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 3_000);
    await this.ended;
    clearTimeout(timer);
  }
}

/** The other side: serves commands until the parent goes away. */
export function serveParent<Command extends Message, Answer extends Message>(
  handle: (command: Command, answer: (answer: Answer) => void) => void | Promise<void>,
): void {
  const answer = (message: Answer) => void process.send?.(message);
  process.on('message', (command: Command) => {
    Promise.resolve(handle(command, answer)).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
  process.on('disconnect', () => process.exit(0));
}
