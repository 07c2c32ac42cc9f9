import { pomOf } from './maven-jars.js';
import { requirementsOf } from './python-wheel.js';

describe('what is fetched', () => {
  it('comes from Python with the checksums that will do', () => {
    expect(requirementsOf({ name: 'a', version: '1.2', sha256: ['00', '11'], programs: [] })).toBe(
      'a==1.2 --hash=sha256:00 --hash=sha256:11\n',
    );
  });

  it('comes from Maven with what it needs, if it is a jar', () => {
    expect(pomOf([{ group: 'g', name: 'n', version: '1' }])).toContain(
      '<dependency><groupId>g</groupId><artifactId>n</artifactId><version>1</version></dependency>',
    );
  });

  it('comes from Maven alone, if it is an archive', () => {
    const archive = { group: 'g', name: 'n', version: '1', type: 'tar.gz', classifier: 'all', sha256: '00' } as const;
    const pom = pomOf([archive]);
    expect(pom).toContain('<type>tar.gz</type><classifier>all</classifier><exclusions>');
    expect(pom).not.toContain('00');
  });
});
