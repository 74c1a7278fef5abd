// Names that try to be more than names, through the store to the page and its exports.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startAgent } from './support/agent.mjs';
import { download, openPage, shoot, startBrowser } from './support/browser.mjs';
import { freePort, temporaryDirectory, until } from './support/machine.mjs';
import { startStore } from './support/store.mjs';
import { seriesOf } from './support/synthetic.mjs';
import { openMenu, rows } from './support/table.mjs';

const names = [
  '<img src=x onerror="globalThis.hacked=1">',
  '</script><script>globalThis.hacked=2</script>',
  '"><svg/onload=globalThis.hacked=3>',
  'javascript:globalThis.hacked=4',
  '\u202eesrever\u202c',
  '\u2066isolated\u2069\u200f',
  'x'.repeat(253),
  'quote " and \' and \\ and `',
  '=HYPERLINK("http://198.51.100.1/","click")',
  '@SUM(1+1)',
  'a,b;c\td',
  'Ж\u0301漢字🐢',
  '__proto__',
  'constructor',
  '{{7*7}}${7*7}',
  '../../etc/passwd%00',
  '&lt;b&gt;',
  'n0"] --> x["y',
];

describe('hostile names', { timeout: 600_000 }, () => {
  let browser;
  let agent;
  let store;
  let directory;
  const target = { name: 'target', namespace: 'shop', kind: 'Deployment' };
  const clients = names.map((name, index) => ({ name, namespace: index % 3 === 0 ? `<b>ns-${index}</b>` : 'shop', kind: 'Deployment' }));

  before(async () => {
    directory = temporaryDirectory('page-hostile');
    const [agentPort, storePort] = [await freePort(), await freePort()];
    store = await startStore({ port: storePort, directory: directory.path });
    const now = Math.floor(Date.now() / 1000);
    const links = clients.map((client, index) => ({ client, server: target, port: 80 + index, rate: 1000 * (index + 1) }));
    await store.import(seriesOf(links, { from: now - 300, to: now }));
    agent = await startAgent({ port: agentPort, store: store.url });
    browser = await startBrowser();
    await until('the store has the names', async () => await store.count('caretta_links_observed{role="1"}') === names.length);
  });

  after(async () => {
    await browser?.close();
    await agent?.stop();
    await store?.stop();
    directory?.remove();
  });

  const open = async (query) => {
    const opened = await openPage(browser);
    await opened.page.goto(`${agent.url}/${query}`);
    return opened;
  };
  const harmless = async ({ page, faults }) => {
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
    assert.equal(await page.locator('#app img, #app script, #app b:not(.legend b), #app iframe').count(), 0);
    assert.deepEqual(faults, []);
  };

  // Marks that are not seen, or that turn what follows, are shown as their code points.
  const shown = (name) => name.replace(/[\u200f\u202c\u202e\u2066\u2069\t]/g, (mark) => `␣${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`);

  test('the table shows them as they are, and runs nothing', async () => {
    const opened = await open('?scope=cluster&view=table&range=900');
    const listed = await until('all are listed', async () => {
      const all = await rows(opened.page);
      return all.length === names.length && all;
    });
    assert.deepEqual(listed.map((row) => row.client).sort(), names.map(shown).sort());
    await shoot(opened.page, 'hostile-table');
    await harmless(opened);
    await opened.close();
  });

  test('the details of each show its whole name, and run nothing', async () => {
    const opened = await open('?scope=cluster&view=table&range=900');
    await until('all are listed', async () => (await rows(opened.page)).length === names.length);
    for (const name of names) {
      await opened.page.locator('.column-client .plain.node').filter({ has: opened.page.getByText(shown(name), { exact: true }) }).click();
      await until(`details of ${name}`, async () => await opened.page.locator('.detail h2').innerText() === shown(name));
      await harmless(opened);
    }

    await opened.close();
  });

  test('the map, its tips and the list of new links run nothing', async () => {
    const opened = await open('?scope=cluster&range=900');
    await until('the map stands still', async () => {
      const map = opened.page.getByRole('application');
      return await map.getAttribute('data-settled') === 'true' && (await map.getAttribute('aria-label')).startsWith(`Map of ${names.length + 1} `);
    });
    const { width, height } = opened.page.viewportSize();
    for (let x = 100; x < width - 100; x += 60) {
      await opened.page.mouse.move(x, height / 2 + Math.sin(x) * height / 4);
    }

    await shoot(opened.page, 'hostile-map');
    await harmless(opened);
    await opened.page.getByRole('button', { name: 'New', exact: true }).click();
    await opened.page.getByRole('region', { name: 'Seen for the first time' }).waitFor();
    await harmless(opened);
    await opened.close();
  });

  test('a hostile address of the page runs nothing', async () => {
    const bad = encodeURIComponent(names[0]);
    const opened = await open(`?q=${bad}&namespace=${bad}&kind=${bad}&fold=${bad}&selected=${bad}&sort=${bad}&view=${bad}&range=${bad}&port=${bad}&scope=${bad}`);
    await opened.page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
    await harmless(opened);
    await opened.close();
  });

  test('exports keep them as data', async () => {
    const opened = await open('?scope=cluster&range=900');
    await until('the map stands still', async () => await opened.page.getByRole('application').getAttribute('data-settled') === 'true');
    const save = async (name) => {
      await openMenu(opened.page, 'Export');
      return (await download(opened.page, () => opened.page.getByRole('group', { name: 'Export' }).getByRole('button', { name, exact: true }).click())).bytes.toString();
    };
    const cells = parseCsv(await save('CSV'));
    assert.equal(cells.length, names.length + 1);
    const inCsv = cells.slice(1).map((line) => line[1]);
    for (const name of names) {
      // A spreadsheet must not take a name for a formula.
      assert.ok(inCsv.includes(/^[=+\-@\t\r\n|%]/.test(name) ? `'${name}` : name), name);
    }

    const json = JSON.parse(await save('JSON'));
    assert.deepEqual(json.nodes.filter((node) => node.name !== 'target').map((node) => node.name).sort(), [...names].sort());
    const dot = await save('DOT (Graphviz)');
    assert.equal(dot.split('\n').filter((line) => /^ *n\d+ -> n\d+ /.test(line)).length, names.length);
    assert.ok(!/^[^"]*("([^"\\]|\\.)*"[^"]*)*"([^"\\]|\\.)*$/.test(dot), 'every quote of DOT is closed');
    const mermaid = await save('Mermaid');
    for (const line of mermaid.trimEnd().split('\n').slice(1)) {
      // Nothing of a name gets out of its quotes, and nothing within them is more than text.
      assert.match(line.replaceAll('<br/>', ' '), /^ *(subgraph s\d+\["[^"<>`]*"\]|n\d+\["[^"<>`]*"\]|end|linkStyle \d+ stroke:#cf222e|n\d+ -[.-]*->\|"[^"<>`]*"\| n\d+)$/);
    }

    const svg = await save('SVG');
    const elements = await opened.page.evaluate((text) => {
      const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
      return { wrong: parsed.querySelectorAll('parsererror, script, img, foreignObject, a').length, texts: parsed.querySelectorAll('text').length };
    }, svg);
    assert.equal(elements.wrong, 0);
    assert.ok(elements.texts > 0);
    assert.ok(!/\son\w+=/.test(svg.replace(/>[^<]*</g, '><').replace(/"[^"]*"/g, '""')), 'no handlers in the picture');
    await harmless(opened);
    await opened.close();
  });
});

/** RFC 4180. */
function parseCsv(text) {
  const lines = [];
  let line = [''];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted) {
      if (character === '"' && text[at + 1] === '"') {
        line[line.length - 1] += '"';
        at++;
      } else if (character === '"') {
        quoted = false;
      } else {
        line[line.length - 1] += character;
      }
    } else if (character === '"') {
      quoted = true;
    } else if (character === ',') {
      line.push('');
    } else if (character === '\r' && text[at + 1] === '\n') {
      lines.push(line);
      line = [''];
      at++;
    } else {
      line[line.length - 1] += character;
    }
  }

  return lines;
}
