/** The request of a WebSocket client. `extension`: of RFC 6455, what follows `Sec-WebSocket-Extensions`; absent: none. */
export function upgradeRequest(port: number, path: string, extension?: string): string {
  const extensions = extension === undefined ? '' : `Sec-WebSocket-Extensions: ${extension}\r\n`;
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extensions}\r\n`
  );
}

const HEAD_END = '\r\n\r\n';

/** The answer to it, however its bytes are cut; who measures trusts the key that it answers with. */
export class UpgradeAnswer {
  /** Its first line if it refuses; undefined before it has come, and if it agrees. */
  refusal: string | undefined;
  private text = '';

  /** Where the frames begin in `buffer`; undefined if more of the answer is to come, or if it refuses. */
  read(buffer: Buffer, from: number, to: number): number | undefined {
    const before = this.text.length;
    this.text += buffer.toString('latin1', from, to);
    const end = this.text.indexOf(HEAD_END);
    if (end < 0) return undefined;
    if (!this.text.startsWith('HTTP/1.1 101')) {
      this.refusal = this.text.slice(0, this.text.indexOf('\r\n'));
      return undefined;
    }
    return from + end + HEAD_END.length - before;
  }
}
