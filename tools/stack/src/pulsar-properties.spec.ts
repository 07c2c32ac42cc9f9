import { PULSAR_PORTS, pulsarPorts, pulsarProperties } from './pulsar-properties.js';

describe('the configuration of a Pulsar', () => {
  it('has ports of its own, next to each other', () => {
    const ports = Object.values(pulsarPorts(18_180));
    expect(ports).toEqual(Array.from({ length: PULSAR_PORTS }, (_, index) => 18_180 + index));
    expect(pulsarProperties(18_180)).toContain('webServicePort=18180\n');
    expect(pulsarProperties(18_180)).toContain('brokerServicePort=18181\n');
  });

  it('listens on this machine alone, and keeps its metadata by itself', () => {
    expect(pulsarProperties(1)).toContain('bindAddress=127.0.0.1\n');
    expect(pulsarProperties(1)).toContain('\nconfigurationMetadataStoreUrl=\n');
  });

  it('says who may come in, if anybody asked', () => {
    expect(pulsarProperties(1, { authenticationEnabled: 'true' })).toContain('authenticationEnabled=true\n');
  });
});
