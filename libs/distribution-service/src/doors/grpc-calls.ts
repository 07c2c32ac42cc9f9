import {
  type ExchangeCall,
  GrpcDoor,
  type PublishCalls,
  type PublishStreamCall,
  pullMessages,
  responseSerializer,
  type StreamSessions,
  type TypedMessages,
  typedMessages,
} from '@distributary/distribution-nest';
import type { Principal } from '@distributary/distribution-core';
import type { GrpcContract } from '../domain.js';

export type StreamCall = Parameters<GrpcDoor['stream']>[0];

export interface GrpcCallsParts {
  readonly sessions: StreamSessions;
  readonly publishCalls: PublishCalls;
}

export interface GrpcCallsForm {
  readonly contract: GrpcContract;
  /** The server-streaming method whose events have a type of their own. */
  readonly typedMethod: string;
  /** A stored event as that type. */
  eventOf(event: unknown): object;
  /** That method's request with its selection as the other doors have it; absent: it has it so already. */
  fieldsOf?(request: object): object;
}

/** The streams of a service over gRPC, and what they say in the types of its own .proto file. */
export class GrpcCalls {
  private readonly door: GrpcDoor;
  private readonly publishing: PublishCalls;
  private readonly typed: TypedMessages;
  private readonly serializeTyped: (message: object) => Buffer;
  private readonly sessions: StreamSessions;

  constructor(
    { sessions, publishCalls }: GrpcCallsParts,
    private readonly form: GrpcCallsForm,
  ) {
    const { contract, typedMethod, eventOf } = form;
    const serializerOf = (method: string) =>
      responseSerializer(contract.proto, `${contract.package}.${contract.service}`, method);
    this.publishing = publishCalls;
    this.sessions = sessions;
    this.serializeTyped = serializerOf(typedMethod);
    this.door = new GrpcDoor(sessions, serializerOf('Exchange'));
    this.typed = typedMessages({ name: `grpc-${contract.service}`, serialize: this.serializeTyped, eventOf });
  }

  exchange(call: ExchangeCall): void {
    this.door.exchange(call);
  }

  publishStream(call: PublishStreamCall): void {
    this.publishing.accept(call);
  }

  /**
   * A method that comes to an end, with responses of the type of the typed method's, which are made as the client takes them.
   * Rejects with the error that the call is to be ended with.
   */
  pull(
    call: StreamCall,
    responses: (principal: Principal, signal: AbortSignal) => AsyncIterable<object>,
  ): Promise<void> {
    const { serializeTyped } = this;
    return pullMessages(this.sessions, call, this.typed.encoder, async function* (principal, signal) {
      for await (const response of responses(principal, signal)) yield serializeTyped(response);
    });
  }

  /** Until the client or the session ends it. */
  stream(call: StreamCall, request: object): Promise<void> {
    return this.door.stream(call, this.form.fieldsOf?.(request) ?? request, this.typed);
  }
}
