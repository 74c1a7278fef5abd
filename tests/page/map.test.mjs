// The map under a hand: mouse and keyboard, on a cluster of some namespaces.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAgent } from './support/agent.mjs';
import { openPage, shoot, startBrowser } from './support/browser.mjs';
import { freePort, temporaryDirectory, until } from './support/machine.mjs';
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

  const check = (name, body) => test(name, async () => {
    const now = Math.floor(Date.now() / 1000);
    opened = await openPage(browser, { width: 1400, height: 900 });
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
  const settled = () => until('the map stands still', () => page.evaluate(() => {
    const map = document.querySelector('[role=application]');
    return map?.getAttribute('data-settled') === 'true' && /Map of [1-9]/.test(map.getAttribute('aria-label') ?? '');
  }));
  const spots = async () => new Map((await page.evaluate(() => globalThis.carettaMap.spots())).map((spot) => [spot.key, spot]));
  const positions = () => page.evaluate(() => globalThis.carettaMap.positions());
  const near = (one, other) => Math.abs(one - other) < 2;
  // The node nearest to the middle: no panel covers it.
  const middle = async () => [...(await spots()).values()].filter((spot) => !spot.key.startsWith('*'))
    .sort((one, other) => Math.hypot(one.x - 500, one.y - 450) - Math.hypot(other.x - 500, other.y - 450))[0];
  // A place where nothing is: left above all.
  const empty = async () => {
    const box = await page.getByRole('application').boundingBox();
    return [box.x + 8, box.y + 8];
  };

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
    // Between two of its workloads, where there is nothing to tell of.
    const between = members.flatMap((one) => members.map((other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 })))
      .filter((place) => all.every(([, spot]) => Math.hypot(spot.x - place.x, spot.y - place.y) > spot.radius + 8));
    let gap;
    for (gap of between) {
      await page.mouse.move(gap.x, gap.y);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      if (await page.locator('.map-tip').count() === 0) {
        break;
      }
    }

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
    const map = page.getByRole('application');
    await map.focus();
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
    await until('the map has the focus again', () => map.evaluate((element) => element === document.activeElement));
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
});
