import { access, constants } from 'node:fs/promises';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian puts its browser; `BOTTLE_TEST_BROWSER` names another one of the same kind. */
const executablePath = process.env.BOTTLE_TEST_BROWSER ?? '/usr/bin/chromium';

/** Why there is no browser for a test, or null. */
export async function whyNoBrowser(): Promise<string | null> {
  return await access(executablePath, constants.X_OK).then(
    () => null,
    () => `${executablePath} is not there`,
  );
}

/** Starts a browser without a window. Its own sandbox is left out: it does not work for root, nor in most containers. */
export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
