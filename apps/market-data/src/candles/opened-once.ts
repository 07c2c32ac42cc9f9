/** Opened when it is first asked for, and then the same for all. An opening that fails is forgotten: who asks next tries again. */
export class OpenedOnce<Resource extends { close(): void }> {
  private opening: Promise<Resource> | undefined;

  constructor(private readonly open: () => Promise<Resource>) {}

  get(): Promise<Resource> {
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  /** If it is open. One that is being opened is closed when it is; if that fails, there is nothing to close. */
  async close(): Promise<void> {
    const opened = await this.opening?.catch(() => undefined);
    opened?.close();
  }
}
