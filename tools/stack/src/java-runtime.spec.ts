import { majorOf } from './java-runtime.js';

describe('the version of a Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17],
    ['openjdk version "25" 2025-09-16', 25],
    ['java version "1.8.0_202"', 8],
    ['sh: 1: java: not found', 0],
  ])('is read from what it prints: %s', (printed, major) => {
    expect(majorOf(printed)).toBe(major);
  });
});
