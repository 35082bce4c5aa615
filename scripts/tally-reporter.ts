import { appendFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

/** One line of the file that BOTTLE_TALLY names: what one run of the tests came to. */
interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Prints every skipped test with its reason, and counts. With BOTTLE_REQUIRE_DOCKER=1 a skip counts as a failure: on
 * such a machine every capability has to be there. Tests that a broken hook kept from running count as failed, and so
 * does, once each, a file that does not load and an error outside of any test.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const idle = tests.filter(
      (test) => test.result().state === 'skipped' || test.result().state === 'pending',
    );
    const skips = idle.filter((test) => !isBelowFailure(test.parent) && test.result().state === 'skipped');
    const strict = process.env.BOTTLE_REQUIRE_DOCKER === '1';
    for (const test of skips) {
      const result = test.result();
      const reason =
        result.state === 'skipped' && result.note !== undefined ? result.note : 'no reason given';
      console.log(`${strict ? 'failed, as skipped' : 'skipped'}: ${test.fullName}: ${reason}`);
    }
    const emptyFailures = modules.filter(
      (module) => isBelowFailure(module) && module.children.size === 0,
    ).length;
    const failed = tests.filter((test) => test.result().state === 'failed').length;
    const kept = idle.length - skips.length;
    const tally: Tally = {
      passed: tests.length - idle.length - failed,
      failed: failed + kept + emptyFailures + unhandledErrors.length + (strict ? skips.length : 0),
      skipped: strict ? 0 : skips.length,
    };
    const file = process.env.BOTTLE_TALLY;
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(tally)}\n`);
  }
}

/** Whether a hook of this suite, of one around it or of the file failed, or the file did not load. */
function isBelowFailure(suite: TestSuite | TestModule): boolean {
  if (suite.errors().length > 0) return true;
  return suite.type === 'suite' && isBelowFailure(suite.parent);
}
