import { Connection, type ConnectionOptions, MultipleErrors, Writer } from '@platformatic/kafka';
import { connectionLost } from '../kafka.errors.js';
import { ByteReader } from './byte-reader.js';

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionSettings {
  readonly clientId: string;
  readonly options: ConnectionOptions;
}

type Done<Answer> = (error: Error | null, answer?: Answer) => void;

/** A request that the library has no call for, or whose answer is wanted as bytes. */
export interface RawRequest<Answer> {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** Whether the answer's header has no room for what we do not know. */
  readonly hasPlainHeader?: boolean;
  write(writer: Writer): Writer;
  read(reader: ByteReader): Answer;
}

/**
 * One connection to one broker. Kafka answers its requests one after another, so what may wait long has one of its own.
 * Any failure other than an answer ends it: the library cannot go on after an answer that came too late.
 */
export class BrokerConnection {
  private readonly connection: Connection;
  private readonly opening: Promise<void>;
  private failure: unknown;

  constructor(
    private readonly address: BrokerAddress,
    { clientId, options }: ConnectionSettings,
    /** It cannot be used any more, and nobody closed it. */
    private readonly onFailed: () => void = () => undefined,
  ) {
    // Requests are bounded by those who make them, not here: a queue in the library would hide them from their deadline.
    this.connection = new Connection(clientId, { ...options, maxInflights: 1024 });
    this.connection.on('error', (error) => this.failed(error));
    this.connection.on('close', () => this.failed(new Error('the connection was closed')));
    this.opening = new Promise((resolve, reject) => {
      void this.connection.connect(address.host, address.port, (error) => (error ? reject(error) : resolve()));
    });
    this.opening.catch((error: unknown) => this.failed(error));
  }

  get isUsable(): boolean {
    return this.failure === undefined;
  }

  /** Resolves when requests can be sent. */
  async ready(): Promise<void> {
    try {
      await this.opening;
    } catch (error) {
      throw connectionLost(`connect (${this.address.host}:${this.address.port})`, error);
    }
  }

  /** An answer that holds error codes is an answer: the caller looks at them. */
  async ask<Answer>(what: string, send: (connection: Connection, done: Done<Answer>) => void): Promise<Answer> {
    try {
      await this.opening;
      return await new Promise<Answer>((resolve, reject) => {
        send(this.connection, (error, answer) => {
          if (!error) resolve(answer as Answer);
          else if (error instanceof MultipleErrors && 'response' in error) resolve(error['response'] as Answer);
          else reject(error);
        });
      });
    } catch (error) {
      this.fail(error);
      throw connectionLost(`${what} (${this.address.host}:${this.address.port})`, error);
    }
  }

  request<Answer>({ name, key, version, hasPlainHeader = false, write, read }: RawRequest<Answer>): Promise<Answer> {
    return this.ask(name, (connection, done) => {
      connection.send(
        key,
        version,
        () => write(Writer.create()),
        (_correlation, _key, _version, reader) => read(new ByteReader(reader.buffer.slice(reader.position))),
        true,
        !hasPlainHeader,
        done as never,
      );
    });
  }

  async close(): Promise<void> {
    this.failure ??= new Error('the connection was closed');
    await this.opening.catch(() => undefined);
    await this.connection.close().catch(() => undefined);
  }

  private fail(error: unknown): void {
    this.failed(error);
    this.connection.socket?.destroy();
  }

  private failed(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.onFailed();
  }
}
