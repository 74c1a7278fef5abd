// The map under a hand: mouse, keyboard and fingers, on a cluster of some namespaces.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAgent } from './support/agent.mjs';
import { openPage, shoot, startBrowser } from './support/browser.mjs';
import { freePort, temporaryDirectory, until } from './support/machine.mjs';
import * as map from './support/map.mjs';
import { startStore } from './support/store.mjs';
import { cluster, seriesOf } from './support/synthetic.mjs';

describe('The map under a hand', { timeout: 180_000 }, () => {
  let browser;
  let agent;
  let store;
  let directory;
  let opened;
  let page;
  const links = cluster(40, 90);

  before(async () => {
    directory = temporaryDirectory('page-map');
    const [agentPort, storePort] = [await freePort(), await freePort()];
    store = await startStore({ port: storePort, directory: directory.path });
    const now = Math.floor(Date.now() / 1000);
    await store.import(seriesOf(links, { from: now - 1200, to: now }));
    agent = await startAgent({ port: agentPort, store: store.url });
    browser = await startBrowser();
    await until('the store has all links', async () => await store.count('caretta_links_observed{role="1"}') === links.length);
  });

  after(async () => {
    await browser?.close();
    await agent?.stop();
    await store?.stop();
    directory?.remove();
  });

  const check = (name, body, options = { width: 1400, height: 900 }) => test(name, async () => {
    const now = Math.floor(Date.now() / 1000);
    opened = await openPage(browser, options);
    page = opened.page;
    try {
      await page.goto(`${agent.url}/?scope=cluster&range=${now - 900}-${now}&system=1`);
      await settled();
      await body();
      assert.deepEqual(opened.faults, []);
    } catch (error) {
      await shoot(page, `failed-map-${name.replace(/\W+/g, '-').slice(0, 50)}`).catch(() => {});
      throw error;
    } finally {
      await opened.close();
    }
  });
  const query = () => new URL(page.url()).searchParams;
  const settled = () => map.settled(page);
  const spots = () => map.spots(page);
  const positions = () => map.positions(page);
  const middle = () => map.middle(page);
  const empty = () => map.emptyPlace(page);
  const near = (one, other, slack = 2) => Math.abs(one - other) < slack;
  const phone = { width: 375, height: 760, scheme: 'dark', touch: true };

  check('a click selects a workload and shows its details; a click beside it clears', async () => {
    const node = await middle();
    await page.mouse.click(node.x, node.y);
    await until('it is selected', () => query().get('selected') === node.key);
    await page.getByRole('complementary', { name: 'Details' }).getByRole('heading', { name: node.key.split('/').at(-1), exact: true }).waitFor();
    await page.mouse.click(...await empty());
    await until('nothing is selected', () => query().get('selected') === null);
    await page.goBack();
    await until('back selects it again', () => query().get('selected') === node.key);
  });

  check('hovering tells what is there', async () => {
    const node = await middle();
    await page.mouse.move(node.x, node.y);
    await page.locator('.map-tip').getByText(node.key.split('/').at(-1), { exact: true }).waitFor();
    assert.match(await page.locator('.map-tip').textContent(), /\d+ clients?, \d+ servers?, .*B\/s/);
    await shoot(page, 'map-hover');
    await page.mouse.move(...await empty());
    await until('it is gone', async () => await page.locator('.map-tip').count() === 0);
  });

  check('dragging moves one workload and no other, and selects nothing', async () => {
    const node = await middle();
    const before = await spots();
    await page.mouse.move(node.x, node.y);
    await page.mouse.down();
    await page.mouse.move(node.x + 60, node.y - 40, { steps: 6 });
    await page.mouse.up();
    const after = await spots();
    for (const [key, spot] of after) {
      const old = before.get(key);
      const [dx, dy] = key === node.key ? [60, -40] : [0, 0];
      assert.ok(near(spot.x - old.x, dx) && near(spot.y - old.y, dy), key);
    }

    assert.equal(query().get('selected'), null);
    await page.getByRole('button', { name: 'Arrange anew' }).click();
    await until('it goes back', async () => !near((await spots()).get(node.key).x, after.get(node.key).x));
  });

  check('dragging the ground moves all, the wheel zooms where it points, and all can be shown again', async () => {
    const before = await spots();
    const world = await positions();
    const [x, y] = await empty();
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 80, y + 50, { steps: 6 });
    await page.mouse.up();
    await until('all has moved', async () => [...await spots()].every(([key, spot]) =>
      near(spot.x - before.get(key).x, 80) && near(spot.y - before.get(key).y, 50)));
    const node = await middle();
    await page.mouse.move(node.x, node.y);
    await page.mouse.wheel(0, -300);
    await until('it is larger', async () => (await spots()).get(node.key).radius > node.radius * 1.2);
    const zoomed = (await spots()).get(node.key);
    assert.ok(near(zoomed.x, node.x) && near(zoomed.y, node.y), 'what the pointer is on stays under it');
    await page.getByRole('button', { name: 'Show all' }).click();
    await until('all is where it was', async () => [...await spots()].every(([key, spot]) =>
      near(spot.x, before.get(key).x) && near(spot.y, before.get(key).y)));
    assert.deepEqual(await positions(), world, 'in the map nothing has moved');
  });

  check('a double click folds a namespace, a click unfolds it, and all is where it was', async () => {
    const world = await positions();
    const all = [...await spots()];
    const namespace = 'team-1';
    const members = all.map(([, spot]) => spot).filter((spot) => spot.key.split('/')[1] === namespace);
    assert.ok(members.length > 10);
    const gap = await map.gapIn(page, namespace);
    await page.mouse.dblclick(gap.x, gap.y);
    await until('it is folded', () => query().get('fold') === namespace);
    await settled();
    const box = await until('the box is there', async () => (await spots()).get(`*/${namespace}`));
    assert.equal((await spots()).size, all.length - members.length + 1);
    await shoot(page, 'map-folded');
    await page.mouse.click(box.x, box.y);
    await until('it is unfolded', () => query().get('fold') === null);
    await settled();
    assert.deepEqual(await positions(), world);
  });

  check('the keyboard goes from workload to workload, says which, and opens and folds', async () => {
    const surface = page.getByRole('application');
    await surface.focus();
    const heard = page.locator('.map [aria-live]');
    const seen = new Set();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'ArrowLeft']) {
      await page.keyboard.press(key);
      await until('it is told', async () => /clients?, \d+ servers?/.test(await heard.textContent()));
      seen.add(await heard.textContent());
    }

    assert.ok(seen.size >= 3, [...seen].join('; '));
    await page.keyboard.press('Enter');
    const details = page.getByRole('complementary', { name: 'Details' });
    await details.waitFor();
    await until('the details have the focus', () => details.evaluate((element) => element.contains(document.activeElement)));
    await page.keyboard.press('Escape');
    await until('nothing is selected', () => query().get('selected') === null);
    await until('the map has the focus again', () => surface.evaluate((element) => element === document.activeElement));
    const { key, radius } = await middle();
    await page.keyboard.press('+');
    await until('it is larger', async () => (await spots()).get(key).radius > radius * 1.2);
    await page.keyboard.press('0');
    await until('all is shown again', async () => Math.abs((await spots()).get(key).radius - radius) < 0.1);
    if (!/ in team-/.test(await heard.textContent())) {
      await page.keyboard.press('ArrowRight'); // what is external has no namespace to fold
    }

    await page.keyboard.press('f');
    await until('its namespace is folded', () => /^team-/.test(query().get('fold') ?? ''));
  });

  check('layers have clients on the left of what they call', async () => {
    await page.goto(`${page.url()}&layout=layers`);
    await settled();
    const world = await positions();
    const ends = new Set(Object.keys(world));
    const key = (end) => `${end.kind}/${end.namespace}/${end.name}`;
    const drawn = links.filter((link) => ends.has(key(link.client)) && ends.has(key(link.server)) && key(link.client) !== key(link.server));
    const right = drawn.filter((link) => world[key(link.client)][0] < world[key(link.server)][0]).length;
    const left = drawn.filter((link) => world[key(link.client)][0] > world[key(link.server)][0]).length;
    assert.ok(right > 2 * left, `of ${drawn.length} links ${right} go to the right and ${left} to the left`);
    await shoot(page, 'map-layers');
  });

  check('an agent that is in no cluster says why it has no policies for the store’s', async () => {
    await page.getByRole('button', { name: 'Export' }).click();
    const menu = page.getByRole('group', { name: 'Export' });
    const [request] = await Promise.all([
      page.waitForRequest((one) => one.url().includes('/api/policies')), menu.getByRole('button', { name: /NetworkPolicy/ }).click(),
    ]);
    const asked = new URL(request.url()).searchParams;
    assert.deepEqual([asked.get('scope'), `${asked.get('from')}-${asked.get('to')}`], ['cluster', query().get('range')]);
    const { error } = await (await request.response()).json();
    assert.equal(error.reason, 'no-cluster');
    await menu.getByRole('alert').getByText(error.message).waitFor();
  });

  check('one finger moves the map, two zoom what is between them, and neither selects', async () => {
    const touch = await map.fingers(page);
    const before = await spots();
    const node = await middle();
    await touch([node.x, node.y]);
    for (const part of [0.2, 0.6, 1]) {
      await touch([node.x + 40 * part, node.y + 70 * part]);
    }

    await touch();
    await until('all has moved', async () => [...await spots()].every(([key, spot]) =>
      near(spot.x - before.get(key).x, 40) && near(spot.y - before.get(key).y, 70)));
    const moved = (await spots()).get(node.key);
    await touch([moved.x - 20, moved.y]);
    await touch([moved.x - 20, moved.y], [moved.x + 20, moved.y]);
    for (const half of [30, 45, 60]) {
      await touch([moved.x - half, moved.y], [moved.x + half, moved.y]);
    }

    await touch();
    await until('it is three times as large', async () => near((await spots()).get(node.key).radius / moved.radius, 3, 0.2));
    const zoomed = (await spots()).get(node.key);
    assert.ok(near(zoomed.x, moved.x, 4) && near(zoomed.y, moved.y, 4), 'what is between the fingers stays there');
    assert.equal(query().get('selected'), null);
    assert.equal(await page.evaluate(() => visualViewport.scale), 1, 'the map zooms, not the page');
    await shoot(page, 'map-375-zoomed');
  }, phone);

  check('a tap near a workload selects it, a tap beside clears', async () => {
    await page.getByRole('button', { name: 'Zoom in' }).tap();
    await settled();
    const node = await middle();
    // Not on it, but within what a finger needs.
    await page.touchscreen.tap(node.x - node.radius - 3, node.y);
    await until('one is selected', () => query().get('selected') !== null);
    const details = page.getByRole('complementary', { name: 'Details' });
    await details.waitFor();
    await shoot(page, 'details-375-touch');
    await details.getByRole('button', { name: 'Close' }).tap();
    await until('nothing is selected', () => query().get('selected') === null);
  }, phone);

  check('a finger that holds is told what is there, and selects nothing; a double tap folds a namespace', async () => {
    const touch = await map.fingers(page);
    const node = await middle();
    await touch([node.x, node.y]);
    await page.locator('.map-tip').getByText(node.key.split('/').at(-1), { exact: true }).waitFor();
    await touch();
    await page.locator('.map-tip').getByText(node.key.split('/').at(-1), { exact: true }).waitFor();
    await shoot(page, 'map-375-hold');
    assert.equal(query().get('selected'), null);
    await page.touchscreen.tap(...await empty());
    await until('it is gone', async () => await page.locator('.map-tip').count() === 0);
    // Among so many links only from near there is ground to tap on.
    await page.getByRole('button', { name: 'Zoom in' }).tap();
    await page.getByRole('button', { name: 'Zoom in' }).tap();
    await settled();
    const namespace = node.key.split('/')[1];
    const gap = await map.gapIn(page, namespace, 2);
    await page.touchscreen.tap(gap.x, gap.y);
    await page.touchscreen.tap(gap.x, gap.y);
    await until('it is folded', () => query().get('fold') === namespace);
  }, phone);

  check('all that can be tapped is 24 pixels wide and high', async () => {
    const small = () => page.evaluate(() => [...document.querySelectorAll('button, summary, a[href], select, input')].flatMap((element) => {
      const box = (element.closest('label') ?? element).getBoundingClientRect();
      const isShown = box.width > 0 && getComputedStyle(element).visibility !== 'hidden';
      return isShown && (box.width < 24 || box.height < 24) ? [`${element.outerHTML.slice(0, 90)}: ${box.width} x ${box.height}`] : [];
    }));
    assert.deepEqual(await small(), []);
    for (const name of [/^Filter/, /^Display/, /^Time/, 'Export']) {
      await page.locator('header').getByRole('button', { name }).first().tap();
      await page.getByRole('group').first().waitFor();
      assert.deepEqual(await small(), [], String(name));
      await page.keyboard.press('Escape');
    }

    await page.getByRole('navigation', { name: 'View' }).getByRole('button', { name: 'Table' }).tap();
    await page.locator('table.links tbody tr').first().waitFor();
    assert.deepEqual(await small(), [], 'table');
    await page.getByRole('button', { name: /^Details of/ }).first().tap();
    await page.getByRole('complementary', { name: 'Details' }).waitFor();
    assert.deepEqual(await small(), [], 'details');
  }, phone);
});
