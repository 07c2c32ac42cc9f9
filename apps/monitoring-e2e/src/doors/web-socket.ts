export {
  binaryWebSocketDoor,
  connectWebSocket,
  webSocketDoor,
  type WebSocketStream,
} from '@distributary/distribution-service/testing';
