declare module 'qlobber' {
  interface QlobberOptions {
    readonly separator?: string;
    readonly wildcard_one?: string;
    readonly wildcard_some?: string;
  }
  export class Qlobber {
    constructor(options?: QlobberOptions);
    add(pattern: string, value: unknown): this;
    match(topic: string): unknown[];
  }
  const exported: { readonly Qlobber: typeof Qlobber };
  export default exported;
}
