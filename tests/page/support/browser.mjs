// Chromium, as a reader has it, with software rendering; what goes wrong in a page is kept.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { artifacts } from './machine.mjs';

const shots = join(artifacts, 'page-shots');

export function startBrowser() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A page of its own. `faults` has what must never happen: scripts' errors, violations of the Content-Security-Policy, requests to
 * elsewhere. Answers with an error status are no faults: tests bring them about.
 */
export async function openPage(browser, { width = 1600, height = 1000, scheme = 'light', reducedMotion = 'reduce', touch = false } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, hasTouch: touch, isMobile: touch, colorScheme: scheme, reducedMotion, acceptDownloads: true, locale: 'en-GB', timezoneId: 'UTC',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      faults.push(`console: ${message.text()}`);
    }
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.hostname !== '127.0.0.1' && !['blob:', 'data:'].includes(url.protocol)) {
      faults.push(`request to ${url.href}`);
    }
  });
  await page.exposeFunction('reportViolation', (text) => {
    faults.push(`policy: ${text}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => globalThis.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  return { page, context, faults, close: () => context.close() };
}

/** Keeps a picture for people to look at. */
export async function shoot(page, name) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), animations: 'disabled' });
}

/** What a click downloads, as text or bytes. */
export async function download(page, click) {
  const [file] = await Promise.all([page.waitForEvent('download'), click()]);
  const chunks = [];
  for await (const chunk of await file.createReadStream()) {
    chunks.push(chunk);
  }

  return { name: file.suggestedFilename(), bytes: Buffer.concat(chunks) };
}
