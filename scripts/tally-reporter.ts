import { appendFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

/** One line of the file that BOTTLE_TALLY names: what one run of the tests came to. */
interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Prints every skipped test with its reason, and counts. With BOTTLE_REQUIRE_DOCKER=1 a skip counts as a
 * failure: on such a machine every capability has to be there. A file that does not load, a suite whose
 * hook fails and an error outside of any test count as one failure each.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const skips = tests.filter((test) => test.result().state === 'skipped');
    const strict = process.env.BOTTLE_REQUIRE_DOCKER === '1';
    for (const test of skips) {
      const result = test.result();
      const reason =
        result.state === 'skipped' && result.note !== undefined ? result.note : 'no reason given';
      console.log(`${strict ? 'failed, as skipped' : 'skipped'}: ${test.fullName}: ${reason}`);
    }
    const brokenSuites = suites.filter((suite) => suite.errors().length > 0).length;
    const failedTests = tests.filter((test) => test.result().state === 'failed').length;
    const unfinished = tests.filter((test) => test.result().state === 'pending').length;
    const tally: Tally = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      failed: failedTests + unfinished + brokenSuites + unhandledErrors.length + (strict ? skips.length : 0),
      skipped: skips.length,
    };
    const file = process.env.BOTTLE_TALLY;
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(tally)}\n`);
  }
}
