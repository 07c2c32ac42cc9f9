// Jest's runtime (`runtime` in jest.config.mjs), which measures V8's coverage once for all suites of a process, not anew for each.
// Jest's own way begins and ends with each suite and enables the debugger meanwhile, with which V8 keeps nothing that it
// compiled: each suite compiled all of Nest, gRPC and TypeORM again. A measurement that never ends needs no debugger: what V8
// still has compiled from an earlier suite goes on being counted.
const { Session } = require('node:inspector/promises');
const { default: JestRuntime } = require('jest-runtime');

/** What Jest's collector asks of its instrumenter. The suites of a process run one after the other. */
const ofThisProcess = {
  session: undefined,

  async startInstrumenting() {
    if (this.session === undefined) {
      this.session = new Session();
      this.session.connect();
      await this.session.post('Profiler.enable');
      await this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    }
    // Sets all counts to zero: what an earlier suite left running is not of this one.
    await this.session.post('Profiler.takePreciseCoverage');
  },

  /** Counts since they were last taken, by script. */
  async stopInstrumenting() {
    const { result } = await this.session.post('Profiler.takePreciseCoverage');
    return result;
  },
};

module.exports = class CoverageRuntime extends JestRuntime {
  /** As `V8CoverageCollector.start`, with another instrumenter; should its fields change, its `stop` throws. */
  async collectV8Coverage() {
    this.v8Coverage.sources = new Map();
    this.v8Coverage.instrumenter = ofThisProcess;
    await ofThisProcess.startInstrumenting();
  }
};
