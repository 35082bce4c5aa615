import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toPrintable } from '../../src/commands/text/to-printable.ts';
import type { BottlePlan } from '../../src/plans/bottle-plan.ts';
import { startBrowser, whyNoBrowser } from '../support/browser.ts';
import { createOperatorHome, type OperatorHome, routeProposal } from '../support/operator-home.ts';
import { isMarkupRefused, isTooWide, lowestContrast, tryFromElsewhere } from '../support/page-scripts.ts';
import { hostileText } from '../support/queue-entries.ts';
import { type RunningPage, startPage } from '../support/running-page.ts';

const reason = await whyNoBrowser();

describe('the page, in a browser', () => {
  let browser: Browser;
  let stack = new AsyncDisposableStack();
  let home: OperatorHome;
  let plan: BottlePlan;
  let running: RunningPage;
  let context: BrowserContext;
  /** What the browser complains of: nothing, if all is well. */
  let complaints: string[];

  beforeAll(async () => {
    if (reason === null) browser = await startBrowser();
  });
  afterAll(() => browser?.close());
  beforeEach(async ({ skip }) => {
    skip(reason !== null, reason ?? '');
    stack = new AsyncDisposableStack();
    home = stack.use(await createOperatorHome());
    plan = await home.addBottle('dev');
    running = stack.use(await startPage(home.operator({ operator: 'bob' })));
    context = stack.adopt(await browser.newContext(), (own) => own.close());
    complaints = [];
  });
  afterEach(() => stack.disposeAsync());

  const open = async (url = running.url): Promise<Page> => {
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return page;
  };
  /** Waits until an element has a text; locators wait by themselves. */
  const see = (page: Page, selector: string, text: string | RegExp) =>
    page.locator(selector).filter({ hasText: text }).first().waitFor();

  it('shows what waits, and a new request as it comes', async () => {
    const first = await home.ask(plan, { asked: 3 });
    const page = await open();
    await see(page, '#list button', 'GET https://new.example.com /v1/**');
    await see(page, '#details-title', `${first.id} of dev asks for a route`);
    await see(page, '#fields', /asked3 times, first \d+s ago/);
    await see(page, '#difference .add', '+ allow https://new.example.com: GET, /v1/**');
    expect(await page.title()).toBe('(1) bottle supervise');
    // The token is not left in the address.
    expect(page.url()).toBe(`${running.origin}/`);
    await home.ask(plan, { proposal: { kind: 'capability', capability: 'A GPU.' } });
    await see(page, '#list button', 'A GPU.');
    await see(page, '#counts', '2 waiting, 2 in all');
    expect(complaints).toEqual([]);
  });

  it('approves with the difference in sight, and revokes', async () => {
    const request = await home.ask(plan);
    const page = await open();
    await page.click('#approve');
    await see(page, '#dialog-difference .add', '+ allow https://new.example.com: GET, /v1/**');
    await page.fill('#notes', 'For today.');
    await page.click('#confirm');
    await see(page, '#message', `${request.id} is approved.`);
    expect(await home.operator().find(request.id, null)).toMatchObject({
      status: 'approved',
      decision: { operator: 'bob', notes: 'For today.' },
    });
    await see(page, '#fields', 'was approved by bob');
    await page.click('#revoke');
    await see(page, '#dialog-text', 'Connections that use it are cut at once.');
    await page.click('#confirm');
    await see(page, '#message', `${request.id} is taken back.`);
    expect((await home.policy(plan)).grants).toEqual([]);
    await page.check('input[value="all"]');
    await see(page, '#list .revoked', 'GET https://new.example.com');
    expect(complaints).toEqual([]);
  });

  it('edits, says what is wrong with an edit, and saves to the manifest', async () => {
    await home.ask(plan);
    const page = await open();
    await page.click('#edit');
    await page.locator('#dialog').waitFor();
    const text = await page.inputValue('#proposal');
    await page.fill('#proposal', text.replace('"GET"', '"get"'));
    await see(page, '#problem', 'methods[0] must be a method in capital letters');
    expect(await page.isDisabled('#confirm')).toBe(true);
    await page.fill('#proposal', text.replace('"GET"', '"HEAD"'));
    await see(page, '#dialog-difference .add', '+ allow https://new.example.com: HEAD, /v1/**');
    await page.check('#save');
    await page.click('#confirm');
    await see(page, '#message', 'saved to the manifest');
    expect((await home.policy(plan)).grants).toMatchObject([
      { change: { ...routeProposal, methods: ['HEAD'] } },
    ]);
    await see(page, '#fields', 'as editedHEAD https://new.example.com /v1/**');
  });

  it('rejects with a note, never without', async () => {
    const request = await home.ask(plan);
    const page = await open();
    await page.click('#reject');
    await page.fill('#notes', '  ');
    await page.click('#confirm');
    await see(page, '#problem', 'The agent needs a reason');
    await page.fill('#notes', 'Use the mirror.');
    await page.keyboard.press('Tab');
    await page.click('#confirm');
    await see(page, '#message', `${request.id} is rejected.`);
    expect((await home.operator().find(request.id, null)).decision?.notes).toBe('Use the mirror.');
  });

  it('works by the keyboard alone', async () => {
    const requests = [await home.ask(plan), await home.ask(plan)];
    const page = await open();
    await page.locator('#list button').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await see(page, '#details-title', requests[1]?.id ?? '');
    await page.locator('#reject').focus();
    await page.keyboard.press('Enter');
    // A question opens a moment after its key; what is pressed before goes elsewhere.
    await page.locator('#notes:focus').waitFor();
    await page.keyboard.type('No.');
    await page.keyboard.press('Escape');
    await page.locator('#dialog').waitFor({ state: 'hidden' });
    await page.locator('#approve').focus();
    await page.keyboard.press('Enter');
    await page.locator('#confirm:focus').waitFor();
    await page.keyboard.press('Enter');
    await see(page, '#message', `${requests[1]?.id} is approved.`);
    expect((await home.operator().find(requests[0]?.id ?? '', null)).status).toBe('waiting');
  });

  it('takes a question away that somebody else has answered, and says who did', async () => {
    const request = await home.ask(plan);
    const page = await open();
    await page.click('#approve');
    await page.locator('#dialog').waitFor();
    const { signal } = new AbortController();
    const answer = { id: request.id, bottle: null, notes: 'No.', seenRevision: null };
    await home.operator({ operator: 'carol' }).reject(answer, signal);
    await page.locator('#dialog').waitFor({ state: 'hidden' });
    await see(page, '#message', `${request.id} was rejected by carol.`);
  });

  it('asks again when the policy has changed since the difference was shown', async () => {
    const first = await home.ask(plan);
    const second = await home.ask(plan, { proposal: { ...routeProposal, host: 'second.example.com' } });
    const page = await open();
    await page.click('#approve');
    await page.locator('#dialog').waitFor();
    const { signal } = new AbortController();
    const answer = { id: second.id, bottle: null, notes: '', seenRevision: null };
    await home.operator().approve({ ...answer, proposal: null, save: false }, signal);
    await page.click('#confirm');
    await see(page, '#dialog-text', 'The policy has changed since.');
    expect((await home.policy(plan)).grants).toHaveLength(1);
    await page.click('#confirm');
    await see(page, '#message', `${first.id} is approved.`);
    expect((await home.policy(plan)).grants).toHaveLength(2);
  });

  it("shows a guest's text as text: nothing of it is run, hidden or turned round", async () => {
    await home.ask(plan, {
      proposal: { kind: 'capability', capability: hostileText },
      reason: '<img src=x onerror=alert(1)><b id="approve">x</b>',
    });
    const page = await open();
    await see(page, '#fields', '<img src=x onerror=alert(1)><b id="approve">x</b>');
    expect(await page.locator('#fields dd').first().textContent()).toBe(
      toPrintable(hostileText, { lines: true }),
    );
    expect(await page.locator('#list .what').textContent()).toBe(toPrintable(hostileText));
    expect(await page.locator('img, b, script:not([src="/page.js"])').count()).toBe(0);
    // Markup that got in by mistake could do nothing: the browser refuses it.
    expect(await page.evaluate(isMarkupRefused)).toBe(true);
    expect(complaints.filter((complaint) => complaint.includes('dialog'))).toEqual([]);
  });

  it('opens once: the second use of the link is a plain refusal', async () => {
    const request = await home.ask(plan);
    const page = await open();
    await see(page, '#details-title', request.id);
    await page.reload();
    await see(page, '#details-title', request.id);
    const other = await browser.newContext();
    stack.defer(() => other.close());
    const second = await other.newPage();
    const answer = await second.goto(running.url);
    expect(answer?.status()).toBe(403);
    expect(await second.textContent('body')).toContain('This link opens the page once');
    // Another tab of the same browser has the cookie, and not the key.
    const tab = await context.newPage();
    await tab.goto(`${running.origin}/`);
    await see(tab, '#message', 'open in another tab');
    expect(await tab.content()).not.toContain(request.id);
  });

  it("is of no use to another site's page, nor under another name", async () => {
    const request = await home.ask(plan);
    const page = await open();
    await see(page, '#details-title', request.id);
    const cookies: (string | undefined)[] = [];
    const site = createServer(({ headers }, response) => {
      cookies.push(headers.cookie);
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>site</title>');
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    stack.defer(async () => {
      site.closeAllConnections();
      await new Promise((resolve) => site.close(resolve));
    });
    // Another port of the same address is the nearest that another site can get: it even has the cookie.
    const evil = await context.newPage();
    await evil.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    expect(cookies[0]).toMatch(/^bottle-\d+=/);
    const body = JSON.stringify({ id: request.id, bottle: 'dev', notes: 'x', seenRevision: 0 });
    const tried = await evil.evaluate<Readonly<Record<string, string | null>>>(
      tryFromElsewhere(running.origin, body),
    );
    expect(tried).toMatchObject({ read: 'failed', post: 'failed', framed: null });
    const rebound = await context.newPage();
    const answer = await rebound.goto(running.origin.replace('127.0.0.1', 'localhost')).catch(() => null);
    expect(answer?.status() ?? 421).toBe(421);
    expect((await home.operator().find(request.id, null)).status).toBe('waiting');
    // What they could not, the page itself can.
    await page.click('#approve');
    await page.click('#confirm');
    await see(page, '#message', 'is approved');
  });

  it('says when the command has ended, and answers nothing any more', async () => {
    const request = await home.ask(plan);
    const page = await open();
    await see(page, '#details-title', request.id);
    await running[Symbol.asyncDispose]();
    await see(page, '#message', 'The command that served this page has ended.');
    expect(await page.isDisabled('#approve')).toBe(true);
  });

  it('holds 500 requests, and stays where it is while more come', async () => {
    for (let count = 0; count < 500; count += 1) await home.ask(plan);
    const page = await open();
    await page.locator('#list li').nth(499).waitFor();
    await page.locator('#list button').nth(300).click();
    const title = await page.textContent('#details-title');
    const more = await home.ask(plan);
    await page.locator('#list li').nth(500).waitFor();
    expect(await page.textContent('#details-title')).toBe(title);
    expect(await page.locator('#list [aria-current]').count()).toBe(1);
    await page.locator('#list button').nth(500).click();
    await see(page, '#details-title', more.id);
  });

  it.each(['light', 'dark'] as const)('can be read in %s colours, wide and narrow', async (colorScheme) => {
    await home.ask(plan);
    const page = await open();
    await page.emulateMedia({ colorScheme });
    await see(page, '#list button', 'GET');
    for (const width of [1200, 360]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(isTooWide)).toBe(false);
      expect(await page.evaluate(lowestContrast)).toBeGreaterThanOrEqual(4.5);
    }
  });
});
