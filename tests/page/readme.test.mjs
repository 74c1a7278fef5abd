// The picture of the README: the map of a small shop of real processes. BLESS=1 makes it anew.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAgent } from './support/agent.mjs';
import { openPage, shoot, startBrowser } from './support/browser.mjs';
import { freePort, repository, until } from './support/machine.mjs';
import { ports, startShop } from './support/shop.mjs';

const picture = join(repository, 'docs/map.png');
const size = { width: 1200, height: 640 };

const maxBytes = 150_000;

test('the README shows the map of a small shop of real processes', { timeout: 120_000 }, async () => {
  const shop = await startShop();
  const agent = await startAgent({ port: await freePort() });
  const browser = await startBrowser();
  try {
    const { page, faults } = await openPage(browser, size);
    // The shop alone: whoever else talks on this machine is filtered by what the URL says.
    const shown = [...Object.values(ports), 443].map((port) => `port=${port}`).join('&');
    await page.goto(`${agent.url}/?${shown}&layout=layers`);
    const map = page.getByRole('application');
    await until('the whole shop is there', async () => {
      const [, nodes, links] = /Map of (\d+) workloads and (\d+) links/.exec(await map.getAttribute('aria-label')) ?? [];
      return Number(nodes) >= 12 && Number(links) >= 14;
    });
    // Rates of full polls, not of a first moment.
    await page.waitForResponse((response) => response.url().includes('/api/links'));
    // Arranged as if all had been there at once: some links are seen a poll later than others.
    await page.getByRole('button', { name: 'Arrange anew' }).click();
    await until('the map stands still', async () => await map.getAttribute('data-settled') === 'true');
    await shoot(page, 'readme');
    if (process.env.BLESS === '1') {
      writeFileSync(picture, await page.screenshot({ animations: 'disabled' }));
    }

    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
    await agent.stop();
    await shop.stop();
  }

  assert.ok(existsSync(picture), 'docs/map.png is missing: BLESS=1 makes it');
  const bytes = readFileSync(picture);
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [size.width, size.height]);
  assert.ok(bytes.length <= maxBytes, `docs/map.png has ${bytes.length} bytes, ${maxBytes} are allowed`);
  assert.ok(readFileSync(join(repository, 'README.md'), 'utf8').includes('](docs/map.png)'), 'the README shows it');
});
