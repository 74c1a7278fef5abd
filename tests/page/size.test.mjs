// A cluster of 500 workloads and 2,000 links: how soon there is something to see, how smoothly it moves, and that it stays where it is.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAgent } from './support/agent.mjs';
import { openPage, shoot, startBrowser } from './support/browser.mjs';
import { freePort, temporaryDirectory, until } from './support/machine.mjs';
import * as map from './support/map.mjs';
import { startStore } from './support/store.mjs';
import { cluster, seriesOf } from './support/synthetic.mjs';

const workloads = 500;
const links = 2000;
const maxPaintMs = 1000;
const minFramesPerSecond = 30;

// What else the machine does must not decide: the best of so many attempts counts, and their median where it is the page's own time.
const attempts = 5;

// A laptop's screen. Without a graphics processor each pixel is drawn by the same two cores that everything else runs on.
const size = { width: 1280, height: 800 };

describe('500 workloads and 2,000 links', { timeout: 900_000 }, () => {
  let browser;
  let agent;
  let store;
  let directory;
  const many = cluster(workloads, links);
  const epoch = Math.floor(Date.now() / 1000) - 600;
  const query = '?scope=cluster&external=open&system=1';

  before(async () => {
    directory = temporaryDirectory('page-size');
    const [agentPort, storePort] = [await freePort(), await freePort()];
    store = await startStore({ port: storePort, directory: directory.path });
    await store.import(seriesOf(many, { from: epoch, to: Math.floor(Date.now() / 1000), epoch }));
    agent = await startAgent({ port: agentPort, store: store.url });
    browser = await startBrowser();
    await until('the store has all links', async () => await store.count('caretta_links_observed{role="1"}') === links);
  });

  after(async () => {
    await browser?.close();
    await agent?.stop();
    await store?.stop();
    directory?.remove();
  });

  const settled = (page) => map.settled(page, 60);

  const open = async (more = '') => {
    const opened = await openPage(browser, size);
    await opened.page.goto(`${agent.url}/${query}${more}`);
    return opened;
  };

  test(`the whole map is there, and its first meaningful paint comes within ${maxPaintMs} ms`, async (context) => {
    const paints = [];
    const waits = [];
    for (let round = 0; round < attempts; round++) {
      const { page, faults, close } = await openPage(browser, size);
      await page.addInitScript(() => {
        // The frame after the first in which something is drawn on the map's canvas, looked at through a small copy.
        const copy = new OffscreenCanvas(64, 40).getContext('2d', { willReadFrequently: true });
        const look = () => {
          const canvas = document.querySelector('.map-base');
          if (canvas?.width > 0) {
            copy.drawImage(canvas, 0, 0, 64, 40);
            if (copy.getImageData(0, 0, 64, 40).data.some((value) => value !== 0)) {
              requestAnimationFrame(() => { globalThis.paintedAt = performance.now(); });
              return;
            }
          }

          requestAnimationFrame(look);
        };
        document.addEventListener('DOMContentLoaded', () => requestAnimationFrame(look));
      });
      await page.goto(`${agent.url}/${query}`);
      const painted = await until('the map is painted', () => page.evaluate(() => globalThis.paintedAt), 60);
      const answered = await page.evaluate(() => performance.getEntriesByType('resource').find((entry) => entry.name.includes('/api/links')));
      paints.push(painted);
      waits.push(answered.responseEnd - answered.requestStart);
      assert.equal(await page.getByRole('application').getAttribute('aria-label'), `Map of ${workloads} workloads and ${links} links`);
      await settled(page);
      if (round === 0) {
        await shoot(page, 'size');
      }

      assert.deepEqual(faults, []);
      await close();
    }

    // The store takes its time for an answer that nobody asked for lately: that is not the page's.
    const own = paints.map((paint, round) => paint - waits[round]).sort((one, other) => one - other);
    const figures = `${paints.map(Math.round).join(', ')} ms, of which the answer took ${waits.map(Math.round).join(', ')} ms`;
    context.diagnostic(`first meaningful paint ${figures}; without it the median is ${Math.round(own[attempts >> 1])} ms`);
    assert.ok(Math.min(...paints) <= maxPaintMs, `painted after ${figures}`);
    assert.ok(own[attempts >> 1] <= maxPaintMs, `painted after ${figures}`);
  });

  test(`panning, zooming and hovering run at ${minFramesPerSecond} frames per second or more`, async (context) => {
    const { page, faults, close } = await open();
    await settled(page);
    const { width, height } = page.viewportSize();
    const measure = async (act) => {
      await page.evaluate(() => {
        globalThis.frames = [];
        let running = true;
        const frame = (time) => {
          globalThis.frames.push(time);
          if (running) {
            requestAnimationFrame(frame);
          }
        };
        requestAnimationFrame(frame);
        globalThis.stopFrames = () => { running = false; };
      });
      await act();
      const frames = await page.evaluate(() => {
        globalThis.stopFrames();
        return globalThis.frames;
      });
      return (frames.length - 1) / (frames.at(-1) - frames[0]) * 1000;
    };
    const centre = [width / 2, height / 2];
    const acts = {
      panning: async () => {
        await page.mouse.move(...centre);
        await page.mouse.down();
        for (let step = 0; step < 90; step++) {
          await page.mouse.move(centre[0] + Math.sin(step / 9) * 300, centre[1] + Math.cos(step / 7) * 200);
        }

        await page.mouse.up();
      },
      zooming: async () => {
        await page.mouse.move(...centre);
        for (let step = 0; step < 60; step++) {
          await page.mouse.wheel(0, step % 30 < 15 ? -60 : 60);
        }
      },
      hovering: async () => {
        for (let step = 0; step < 120; step++) {
          await page.mouse.move(centre[0] + Math.sin(step / 5) * 400, centre[1] + Math.cos(step / 11) * 300);
        }
      },
    };
    for (const [name, act] of Object.entries(acts)) {
      const rates = [];
      for (let round = 0; round < attempts && !(Math.max(...rates) >= minFramesPerSecond); round++) {
        rates.push(await measure(act));
      }

      context.diagnostic(`${name}: ${rates.map((rate) => rate.toFixed(1)).join(', ')} frames per second`);
      assert.ok(Math.max(...rates) >= minFramesPerSecond, `${name} runs at ${rates.join(', ')} frames per second`);
    }

    assert.deepEqual(faults, []);
    await close();
  });

  test('nothing moves when only figures change, and a newcomer moves only what it touches', async () => {
    const { page, faults, close } = await open();
    await settled(page);
    const positions = () => map.positions(page);
    const before = await positions();
    assert.equal(Object.keys(before).length, workloads);
    const refresh = async () => {
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url().includes('/api/links'), { timeout: 60_000 }),
        page.evaluate(() => globalThis.dispatchEvent(new Event('online'))),
      ]);
      await answer.finished();
      await settled(page);
    };
    // Figures change: another sample, with other rates.
    const now = Math.floor(Date.now() / 1000);
    await store.import(seriesOf(many.map((link) => ({ ...link, rate: link.rate * 3 })), { from: now, to: now, epoch }));
    await refresh();
    assert.deepEqual(await positions(), before);

    const newcomer = { client: { name: 'newcomer', namespace: 'team-3', kind: 'Deployment' }, server: many[300].client, port: 80, rate: 1e4 };
    const later = Math.floor(Date.now() / 1000);
    await store.import(seriesOf([newcomer], { from: later - 60, to: later }));
    await until('the newcomer is there', async () => {
      await refresh();
      return Object.keys(await positions()).length === workloads + 1;
    }, 60);
    const after = await positions();
    const moved = Object.keys(before).filter((key) => Math.hypot(before[key][0] - after[key][0], before[key][1] - after[key][1]) > 1);
    assert.ok(moved.length <= 10, `${moved.length} moved: ${moved.join(' ')}`);
    assert.deepEqual(faults, []);
    await close();
  });

  test('the table shows them a page at a time', async () => {
    const { page, faults, close } = await open('&view=table');
    const status = page.getByRole('navigation', { name: 'Pages of the table' });
    await status.getByText(/1 – 100 of 2,00[01] links/).waitFor();
    await status.getByRole('button', { name: 'Next page' }).click();
    await status.getByText(/101 – 200 of/).waitFor();
    assert.equal(await page.locator('table.links tbody tr').count(), 100);
    assert.deepEqual(faults, []);
    await close();
  });
});
