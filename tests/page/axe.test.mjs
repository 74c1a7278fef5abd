// Whether everybody can use it, as far as a program can tell: axe finds nothing serious, in any view, size or colours.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { startAgent } from './support/agent.mjs';
import { openPage, shoot, startBrowser } from './support/browser.mjs';
import { freePort, temporaryDirectory, until } from './support/machine.mjs';
import { settled } from './support/map.mjs';
import { startStore } from './support/store.mjs';
import { cluster, seriesOf } from './support/synthetic.mjs';
import { openMenu } from './support/table.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('accessibility', { timeout: 900_000 }, () => {
  let browser;
  let agent;
  let store;
  let directory;
  const links = cluster(40, 90);
  const selected = `${links[50].client.kind}/${links[50].client.namespace}/${links[50].client.name}`;
  const now = Math.floor(Date.now() / 1000);

  before(async () => {
    directory = temporaryDirectory('page-axe');
    const [agentPort, storePort] = [await freePort(), await freePort()];
    store = await startStore({ port: storePort, directory: directory.path });
    await store.import(seriesOf(links.slice(0, 80), { from: now - 600, to: now - 300 }));
    await store.import(seriesOf(links.slice(10), { from: now - 285, to: now, epoch: now - 600 }));
    agent = await startAgent({ port: agentPort, store: store.url });
    browser = await startBrowser();
    await until('the store has the links', async () => await store.count('caretta_links_observed{role="1"}') > 0);
  });

  after(async () => {
    await browser?.close();
    await agent?.stop();
    await store?.stop();
    directory?.remove();
  });

  const table = (page) => page.locator('table.links tbody tr').first().waitFor();
  const range = `range=${now - 290}-${now}`;
  const cases = {
    map: ['', settled],
    table: ['view=table', table],
    details: [`view=table&selected=${encodeURIComponent(selected)}`, (page) => page.getByRole('slider').first().waitFor()],
    'new links': ['view=new', (page) => page.getByRole('region', { name: 'Seen for the first time' }).waitFor()],
    comparison: [`view=table&${range}&compare=${now - 590}-${now - 300}`, table],
    filters: ['kind=Deployment&q=service', async (page) => {
      await settled(page);
      await openMenu(page, /^Filter/);
    }],
    times: ['', async (page) => {
      await settled(page);
      await openMenu(page, /^Time/);
    }],
    exports: ['', async (page) => {
      await settled(page);
      await openMenu(page, 'Export');
    }],
    agents: ['view=table', async (page) => {
      await table(page);
      await page.getByRole('region', { name: 'Health of the agents' }).locator('.health-more').click();
    }],
    'nothing found': ['q=nobody-is-called-so', (page) => page.getByRole('heading', { name: 'Nothing matches' }).waitFor()],
  };

  for (const width of [375, 1600]) {
    for (const scheme of ['light', 'dark']) {
      test(`nothing serious at ${width} pixels, ${scheme}, in ${Object.keys(cases).length} views`, async () => {
        const found = [];
        for (const [name, [query, prepare]] of Object.entries(cases)) {
          const { page, faults, close } = await openPage(browser, { width, height: width < 500 ? 760 : 1000, scheme });
          await page.goto(`${agent.url}/?scope=cluster${query ? `&${query}` : ''}${query.includes('range=') ? '' : '&range=900'}`);
          await prepare(page);
          await shoot(page, `axe-${name.replaceAll(' ', '-')}-${width}-${scheme}`);
          await page.evaluate(axe); // through the debugger, which the page's policy does not bind
          const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
          for (const violation of violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')) {
            found.push(`${name}: ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.any[0]?.message ?? node.failureSummary})`).join('; ')}`);
          }

          assert.deepEqual(faults, []);
          await close();
        }

        assert.deepEqual(found, []);
      });
    }
  }
});
