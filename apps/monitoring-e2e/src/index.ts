export * from './harness.js';
export {
  AnswerCheck,
  type AsyncApiDocument,
  type GivenAnswer,
  MessageCheck,
  type OpenApiDocument,
} from '@distributary/distribution-service/testing';
export * from './events.js';
