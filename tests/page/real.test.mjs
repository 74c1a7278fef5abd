// The page as people use it: a real agent, real processes that talk, a real store that scrapes the agent.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAgent } from './support/agent.mjs';
import { download, openPage, shoot, startBrowser } from './support/browser.mjs';
import { freePort, temporaryDirectory, until } from './support/machine.mjs';
import { nobody, ports, startShop } from './support/shop.mjs';
import { startStore } from './support/store.mjs';
import { openMenu, rows, view } from './support/table.mjs';

// The shop alone: whoever else talks on this machine is filtered by what the URL says.
const shopPorts = [...Object.values(ports), 443];
const onlyShop = shopPorts.map((port) => `port=${port}`).join('&');

describe('a real agent with real traffic', { timeout: 900_000 }, () => {
  let browser;
  let shop;
  let agent;
  let store;
  let directory;
  let agentPort;
  let storePort;
  let opened;
  let page;

  const open = async (query, options) => {
    opened = await openPage(browser, options);
    page = opened.page;
    await page.goto(`${agent.url}/${query}`);
  };
  const pairs = async () => (await rows(page)).map((row) => `${row.client} > ${row.server}`);
  const has = (pair) => until(`the table has ${pair}`, async () => (await pairs()).includes(pair));
  const query = () => new URL(page.url()).searchParams;
  const save = async (name) => {
    await openMenu(page, 'Export');
    return download(page, () => page.getByRole('group', { name: 'Export' }).getByRole('button', { name }).click());
  };

  before(async () => {
    [agentPort, storePort] = [await freePort(), await freePort()];
    directory = temporaryDirectory('page');
    shop = await startShop();
    store = await startStore({ port: storePort, directory: directory.path, agents: [{ port: agentPort, node: 'node-1' }], ports: shopPorts });
    agent = await startAgent({ port: agentPort, store: store.url });
    browser = await startBrowser();
    // Two scrapes at least, so that the store knows by how much counters grew.
    await until('the store has scraped the shop', async () => await store.count('caretta_links_observed{client_name="nginx.service"}') > 0);
  });

  after(async () => {
    await browser?.close();
    await agent?.stop();
    await store?.stop();
    await shop?.stop();
    directory?.remove();
  });

  const check = (name, body) => test(name, async (context) => {
    try {
      await body(context);
      assert.deepEqual(opened.faults, [], 'nothing goes wrong in the page');
    } catch (error) {
      await shoot(page, `failed-${name.replace(/\W+/g, '-').slice(0, 60)}`).catch(() => {});
      throw error;
    } finally {
      await opened?.close();
    }
  });

  check('the map shows the processes that talk, and says so to a screen reader', async () => {
    await open(`?${onlyShop}`);
    const map = page.getByRole('application');
    await map.waitFor();
    await until('the map has the shop', async () => {
      const [, nodes, links] = /Map of (\d+) workloads and (\d+) links/.exec(await map.getAttribute('aria-label')) ?? [];
      return Number(nodes) >= 12 && Number(links) >= 14;
    });
    await until('the map stands still', async () => await map.getAttribute('data-settled') === 'true');
    await shoot(page, 'map');
  });

  check('the table shows each pair with its port, and the failing one with its failures', async () => {
    await open(`?view=table&external=open&${onlyShop}`);
    for (const pair of ['nginx.service > store', 'store > redis', 'store > postgresql.service', 'reports.service > broker', 'browser > nginx.service']) {
      await has(pair);
    }

    const failing = await until('the failing link is there', async () => (await rows(page)).find((row) => row.client === 'payments' && row.server === nobody));
    assert.match(failing.ports, /443/);
    await until('its failures are counted', async () => Number((await rows(page)).find((row) => row.server === nobody).failed.trim()) > 0);
    assert.match((await rows(page)).find((row) => row.client === 'nginx.service').ports, new RegExp(String(ports.store)));
    await shoot(page, 'table');
  });

  check('the table sorts by any column, and tells which', async () => {
    await open('?view=table');
    await has('store > redis');
    const header = page.getByRole('columnheader', { name: 'Client' });
    await header.getByRole('button').click();
    assert.equal(await header.getAttribute('aria-sort'), 'ascending');
    const ascending = (await rows(page)).map((row) => row.client);
    assert.deepEqual(ascending, [...ascending].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    await header.getByRole('button').press('Enter');
    assert.equal(await header.getAttribute('aria-sort'), 'descending');
    assert.equal(query().get('sort'), '-client');
  });

  check('search filters as one types, and goes with the URL', async () => {
    await open('?view=table');
    await has('store > redis');
    await page.keyboard.press('/');
    await page.keyboard.type('postgres');
    await until('only what fits is left', async () => {
      const all = await pairs();
      return all.length > 0 && all.every((pair) => pair.includes('postgres'));
    });
    assert.equal(query().get('q'), 'postgres');
    await page.keyboard.press('Escape');
    await has('store > redis');
    assert.equal(query().get('q'), null);
  });

  check('filters by kind and port narrow, are told as chips, and can be cleared', async () => {
    await open('?view=table');
    await has('reports.service > broker');
    await openMenu(page, /^Filter/);
    await page.getByRole('group', { name: 'Filter' }).getByRole('checkbox', { name: 'unit' }).check();
    await until('only links of units are left', async () => (await pairs()).every((pair) => pair.includes('.service')));
    // Of many ports the list shows the usual ones; any can be found.
    const find = page.getByLabel('Find in ports');
    if (await find.count() > 0) {
      await find.fill(String(ports.queue));
    }

    await page.getByRole('group', { name: 'Filter' }).getByRole('checkbox', { name: String(ports.queue) }).check();
    await until('one is left', async () => (await pairs()).join() === 'reports.service > broker');
    await shoot(page, 'filter');
    await page.keyboard.press('Escape');
    assert.equal(query().get('kind'), 'unit');
    await page.getByRole('button', { name: 'Remove filter kind unit' }).click();
    await has('payments > broker');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await has('store > redis');
  });

  check('a search that finds nothing says so and offers the way back', async () => {
    await open('?view=table&q=nobody-is-called-so');
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await shoot(page, 'nothing-matches');
    await page.locator('.empty').getByRole('button', { name: 'Clear filters' }).click();
    await has('store > redis');
  });

  check('what is outside folds into one box and opens again', async () => {
    await open(`?view=table&${onlyShop}`);
    await has('payments > external');
    await openMenu(page, /^Display/);
    await page.getByRole('checkbox', { name: 'All that is outside' }).uncheck();
    await has(`payments > ${nobody}`);
    await page.getByRole('checkbox', { name: 'host' }).check();
    await has(`host > ${nobody}`);
    assert.deepEqual(query().getAll('fold'), ['host']);
    await page.getByRole('button', { name: 'Unfold' }).click();
    await has(`payments > ${nobody}`);
  });

  check('details have exact totals, charts, peers and ports; Escape closes them', async () => {
    // A party that sends exactly so much once, and keeps its connection.
    const once = await shop.plain('once', { calls: [shop.to('store', 10, 123_456, 7890, { keep: true, times: 1 })] });
    try {
      await open('?view=table');
      await has('once > store');
      await page.getByRole('button', { name: /^Details of once to store/ }).press('Enter');
      const details = page.getByRole('complementary', { name: 'Details' });
      await details.getByText('123,456 B in all').waitFor();
      await details.getByText('7,890 B in all').waitFor();
      assert.ok(await details.evaluate((panel) => panel.contains(document.activeElement)), 'whoever selects by keyboard goes on there');
      await details.getByRole('slider', { name: 'Bytes per second' }).waitFor();
      await details.locator('h2').getByRole('button', { name: 'store' }).click();
      await details.getByRole('heading', { name: 'store', level: 2 }).waitFor();
      await details.getByRole('heading', { name: /^Servers/ }).waitFor();
      await details.getByRole('heading', { name: /^Clients/ }).waitFor();
      assert.match(await details.locator('table.ports').innerText(), new RegExp(String(ports.store)));
      assert.match(await details.getByLabel('PromQL query').inputValue(), /client_name="store", client_namespace="host"/);
      await shoot(page, 'details');
      await page.keyboard.press('Escape');
      await details.waitFor({ state: 'detached' });
    } finally {
      await once.stop();
    }
  });

  check('the URL has the whole state: reloading shows the same, the back button goes back', async () => {
    await open('?view=table');
    await has('store > redis');
    await page.getByRole('searchbox', { name: /^Search/ }).fill('redis');
    await openMenu(page, /^Filter/);
    await page.getByRole('radio', { name: 'Failing' }).check();
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    assert.equal(await page.getByRole('searchbox', { name: /^Search/ }).inputValue(), 'redis');
    await page.goBack();
    await has('store > redis');
    assert.equal(query().get('only'), null);
    await page.goBack();
    await has('store > search');
    assert.equal(await page.getByRole('searchbox', { name: /^Search/ }).inputValue(), '');
    await page.goForward();
    await until('the search is back', async () => (await pairs()).every((pair) => pair.includes('redis')));
  });

  check('the map is steered by keyboard: arrows, Enter, Escape', async () => {
    await open(`?${onlyShop}`);
    const map = page.getByRole('application');
    await until('the map stands still', async () => await map.getAttribute('data-settled') === 'true' && /Map of [1-9]/.test(await map.getAttribute('aria-label')));
    await map.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await until('the workload is spoken', async () => /client|server/.test(await page.locator('.map [aria-live]').innerText()));
    const spoken = await page.locator('.map [aria-live]').innerText();
    await page.keyboard.press(spoken.startsWith('external') ? 'Space' : 'Enter');
    const details = page.getByRole('complementary', { name: 'Details' });
    await details.waitFor();
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    assert.ok(await map.evaluate((element) => element === document.activeElement), 'the focus is back on the map');
  });

  check('exports have what is shown, in every format', async () => {
    await open('?q=redis');
    const map = page.getByRole('application');
    await until('the map stands still', async () => await map.getAttribute('data-settled') === 'true' && /Map of 3/.test(await map.getAttribute('aria-label')));
    const csv = (await save('CSV')).bytes.toString();
    const lines = csv.trimEnd().split('\r\n');
    assert.equal(lines.length, 3, csv);
    assert.ok(lines.some((line) => line.includes(',redis,') && line.includes(`,${ports.cache},`)), csv);
    const json = JSON.parse((await save('JSON')).bytes);
    assert.equal(json.version, 1);
    assert.deepEqual(json.links.map((link) => json.nodes[link.server].name), ['redis', 'redis']);
    assert.match((await save('DOT (Graphviz)')).bytes.toString(), /digraph[^]*redis[^]*->/);
    assert.match((await save('Mermaid')).bytes.toString(), /flowchart LR[^]*redis[^]*-->/);
    const svg = (await save('SVG')).bytes.toString();
    assert.equal(await page.evaluate((text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent ?? '', svg), '');
    assert.match(svg, />redis</);
    assert.deepEqual([...(await save('PNG')).bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    await openMenu(page, 'Export');
    assert.ok(await page.getByRole('button', { name: /NetworkPolicy/ }).isDisabled(), 'a host has no policies');
    await page.getByText('Only in a Kubernetes cluster').waitFor();
    await shoot(page, 'export');
  });

  check('the strip at the top tells tier, losses, poll time and memory', async () => {
    await open('');
    const health = page.getByRole('region', { name: 'Health of the agents' });
    await health.getByText('Memory').waitFor();
    assert.match(await health.innerText(), /Tier\s*main[^]*Lost\s*nothing[^]*Poll\s*[\d.<]+ ?m?s[^]*Memory\s*[\d.]+ MB/);
    await health.getByRole('button', { name: /Details/ }).click();
    await health.getByRole('table').getByText('in order').waitFor();
  });

  check('the store’s view of the cluster has the same links, with charts over the range', async () => {
    await open('?view=table&external=open');
    await has('store > redis');
    await page.getByRole('group', { name: 'Scope' }).getByRole('button', { name: 'Cluster' }).click();
    await has('store > redis');
    await has('nginx.service > store');
    await openMenu(page, /^Time/);
    await page.getByRole('radio', { name: 'Last 15 minutes' }).click(); // which closes the menu
    await has('nginx.service > store');
    assert.equal(query().get('range'), '900');
    await page.getByRole('button', { name: /^Details of nginx.service to store/ }).click();
    await page.getByRole('slider', { name: 'Connections per second' }).waitFor();
    await shoot(page, 'cluster');
  });

  check('two ranges are compared: what is new is told, listed and marked', async () => {
    const begin = Math.floor(Date.now() / 1000);
    await until('the range before the change has its samples', () => Date.now() / 1000 > begin + 8);
    const change = Math.floor(Date.now() / 1000);
    const newcomer = await shop.plain('newcomer', { calls: [shop.to('queue', 100, 500, 500)] });
    try {
      await until('the store has scraped the newcomer', async () => await store.count('caretta_links_observed{client_name="newcomer"}') > 0);
      await until('the range after the change has its samples', () => Date.now() / 1000 > change + 10);
      await open(`?scope=cluster&view=table&range=${change}-${change + 8}&compare=${begin}-${change - 1}`);
      const strip = page.getByRole('group', { name: 'Comparison' });
      await strip.getByRole('button', { name: /^\+ 1 new/ }).click();
      await until('the list has the newcomer alone', async () => (await pairs()).join() === 'newcomer > broker');
      assert.match((await rows(page))[0].change, /new/);
      await shoot(page, 'compare');
      // Exports have all that the filters leave, with how it changed, as the command line writes it.
      const [header, ...lines] = (await save('CSV')).bytes.toString().trimEnd().split('\r\n').map((line) => line.split(','));
      assert.deepEqual(header.slice(-3), ['change', 'bytes_to_server_per_second_before', 'bytes_to_client_per_second_before']);
      assert.deepEqual(lines.find((line) => line[1] === 'newcomer').slice(-3), ['new', '', '']);
      assert.ok(lines.some((line) => ['same', 'grown', 'shrunk'].includes(line.at(-3)) && Number(line.at(-2)) > 0), lines.join('\n'));
      const json = JSON.parse((await save('JSON')).bytes);
      assert.deepEqual(json.before, { from: begin, to: change - 1 });
      const links = json.links.map((link) => ({ ...link, name: json.nodes[link.client].name }));
      assert.deepEqual(links.filter((link) => link.change === 'new').map((link) => [link.name, link.before]), [['newcomer', undefined]]);
      assert.ok(links.find((link) => link.name === 'nginx.service').before.bytesToClientPerSecond > 0);
      assert.match((await save('DOT (Graphviz)')).bytes.toString(), new RegExp(`label="\\+${ports.queue}\\\\n.*color="#1a7f37"`));
      assert.match((await save('Mermaid')).bytes.toString(), new RegExp(`"\\+${ports.queue}<br/>`));
      await view(page, 'Map');
      await page.getByRole('application').waitFor();
      await until('the map stands still', async () => await page.getByRole('application').getAttribute('data-settled') === 'true');
      await shoot(page, 'compare-map');
      await view(page, 'New');
      await page.getByRole('region', { name: 'Seen for the first time' }).getByText('newcomer').waitFor();
      await strip.getByRole('button', { name: 'Stop comparing' }).click();
      await strip.waitFor({ state: 'detached' });
    } finally {
      await newcomer.stop();
    }
  });

  check('a range is compared with the one before by menu', async () => {
    await open('?scope=cluster&range=300&view=table');
    await has('store > redis');
    await openMenu(page, /^Time/);
    await page.getByRole('button', { name: 'The range before' }).click();
    await page.getByRole('group', { name: 'Comparison' }).getByRole('button', { name: /^\+ [1-9]\d* new/ }).waitFor();
    assert.match(query().get('compare'), /^\d+-\d+$/);
  });

  check('the store away: the last data stay with their age, and are fresh again when it is back', async () => {
    await open('?scope=cluster&view=table');
    await has('store > redis');
    await store.stop('SIGKILL');
    const alert = page.getByRole('alert');
    await alert.getByText('The store does not answer').waitFor({ timeout: 60_000 });
    await has('store > redis');
    await shoot(page, 'store-away');
    store = await startStore({ port: storePort, directory: directory.path, agents: [{ port: agentPort, node: 'node-1' }], ports: shopPorts });
    await page.getByRole('button', { name: 'Try again' }).click();
    await alert.waitFor({ state: 'detached', timeout: 60_000 });
    await has('store > redis');
  });

  check('the store away from the start: the page says why it is empty and offers the node', async () => {
    await store.stop('SIGKILL');
    // A range that nobody asked for lately: the agent gives the same answer to all who ask at the same time.
    await open('?scope=cluster&view=table&range=777');
    await page.getByRole('heading', { name: 'The store does not answer' }).waitFor({ timeout: 60_000 });
    await shoot(page, 'store-away-empty');
    await page.getByRole('button', { name: 'Look at this node' }).click();
    await has('store > redis');
    store = await startStore({ port: storePort, directory: directory.path, agents: [{ port: agentPort, node: 'node-1' }], ports: shopPorts });
  });

  check('the agent away: the last data stay with their age, and are fresh again when it is back', async () => {
    await open('?view=table');
    await has('store > redis');
    await agent.stop('SIGKILL');
    const alert = page.getByRole('alert');
    await alert.getByText('The agent does not answer').waitFor({ timeout: 60_000 });
    await has('store > redis');
    await shoot(page, 'agent-away');
    agent = await startAgent({ port: agentPort, store: store.url });
    await alert.waitFor({ state: 'detached', timeout: 60_000 });
    await has('store > redis');
  });

  check('without a store the page says why other times cannot be looked at', async () => {
    const port = await freePort();
    const alone = await startAgent({ port });
    try {
      opened = await openPage(browser);
      page = opened.page;
      await page.goto(`${alone.url}/?view=table`);
      await has('store > redis');
      await openMenu(page, /^Time/);
      await page.getByText('PROMETHEUS_URL').waitFor();
      assert.ok(await page.getByRole('radio', { name: 'Last hour' }).isDisabled());
      await page.goto(`${alone.url}/?scope=cluster`);
      await page.getByRole('heading', { name: 'No store is set' }).waitFor();
      await shoot(page, 'no-store');
    } finally {
      await alone.stop();
    }
  });

  check('switched off, the page says so', async () => {
    const port = await freePort();
    const off = await startAgent({ port, map: false });
    try {
      opened = await openPage(browser);
      page = opened.page;
      await page.goto(`${off.url}/`);
      assert.match(await page.innerText('body'), /off|MAP/);
      await shoot(page, 'switched-off');
    } finally {
      await off.stop();
    }
  });

  check('it works at 375 pixels, dark, with the details as a sheet', async () => {
    await open(`?${onlyShop}`, { width: 375, height: 760, scheme: 'dark' });
    const map = page.getByRole('application');
    await until('the map stands still', async () => await map.getAttribute('data-settled') === 'true' && /Map of [1-9]/.test(await map.getAttribute('aria-label')));
    await shoot(page, 'map-375-dark');
    await view(page, 'Table');
    await has('store > redis');
    await page.getByRole('button', { name: /^Details of nginx.service to store/ }).click();
    const details = page.getByRole('complementary', { name: 'Details' });
    await details.waitFor();
    assert.ok((await details.boundingBox()).width >= 370, 'the sheet is as wide as the screen');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out');
    await shoot(page, 'details-375-dark');
  });
});
