import net from 'node:net';

/** One request under way; who posts at a limit needs no more than this of HTTP. */
export interface PostAnswer {
  readonly status: number;
  /** Of the answer, in the socket's own buffer: to be read before this returns. */
  readonly body: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: (\d+)/i;
const STATUS_AT = 'HTTP/1.1 '.length;

/** A kept-alive connection that writes prepared bytes and finds the end of each answer by its Content-Length. */
export class PostConnection {
  private readonly socket: net.Socket;
  private received: Buffer[] = [];
  private receivedBytes = 0;
  /** Of the whole answer; undefined until its head is there. */
  private answerBytes: number | undefined;
  private headBytes = 0;

  constructor(
    port: number,
    private readonly onAnswer: (answer: PostAnswer) => void,
    onEnd: (reason: string) => void,
  ) {
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.on('error', (error) => onEnd(error.message));
    this.socket.on('close', () => onEnd('the connection was closed'));
  }

  post(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received.push(chunk);
    this.receivedBytes += chunk.length;
    if (this.answerBytes === undefined) this.readHead();
    if (this.answerBytes === undefined || this.receivedBytes < this.answerBytes) return;
    const all = this.received.length === 1 ? this.received[0] : Buffer.concat(this.received);
    const answer = {
      status: Number(all.toString('latin1', STATUS_AT, STATUS_AT + 3)),
      body: all.subarray(this.headBytes, this.answerBytes),
    };
    this.received = [];
    this.receivedBytes = 0;
    this.answerBytes = undefined;
    this.onAnswer(answer);
  }

  private readHead(): void {
    const start = Buffer.concat(this.received);
    const end = start.indexOf(HEAD_END);
    if (end < 0) return;
    this.headBytes = end + HEAD_END.length;
    this.answerBytes = this.headBytes + Number(LENGTH.exec(start.toString('latin1', 0, end))?.[1] ?? 0);
  }
}
