/** The part of a WebSocket that is used: browsers', Node's and that of the package `ws` all have it. */
export interface WebSocketLike {
  readonly readyState: number;
  binaryType: string;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: 'error', listener: (event: object) => void): void;
  /** Only `ws` can stop reading. */
  pause?(): void;
  resume?(): void;
  terminate?(): void;
}

export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

export const OPEN = 1;
