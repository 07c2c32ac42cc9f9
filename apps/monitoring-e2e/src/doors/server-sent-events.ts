export { openEventSource, queryOf, sseDoor } from '@distributary/distribution-service/testing';
