/** So many read at once, the others in the order in which they came. */
export class ReadingTurns {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly turns: number) {}

  async run<Result>(read: () => Promise<Result>): Promise<Result> {
    if (this.taken < this.turns) this.taken++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await read();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.taken--;
      else next();
    }
  }
}
