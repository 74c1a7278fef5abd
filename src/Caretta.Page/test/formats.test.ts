import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildGraph } from '../src/model/build';
import { csvText, toCsv, toDot, toJson, toMermaid } from '../src/panels/formats';
import { defaults } from '../src/state';
import { answer } from './answers';

const before = {
  ...answer([['Deployment', 'shop', 'web'], ['StatefulSet', 'shop', 'db'], ['Deployment', 'mail', 'smtp']], [
    [0, 1, 5432, { bytesToServerPerSecond: 1, bytesToClientPerSecond: 9 }], [0, 1, 9187, { bytesToServerPerSecond: 2 }],
    [0, 2, 25, { bytesToServerPerSecond: 4, bytesToClientPerSecond: 0.5 }],
  ]), from: 500, to: 1000,
};
const now = answer([['Deployment', 'shop', 'web'], ['StatefulSet', 'shop', 'db'], ['external', 'external', 'example.org']], [
  [0, 1, 5432, { bytesToServerPerSecond: 10, bytesToClientPerSecond: 90 }], [0, 1, 9187, { bytesToServerPerSecond: 1 }],
  [1, 2, 443, { bytesToServerPerSecond: 3, seenBy: 'client' }],
]);
const view = { ...defaults, foldExternal: false };
const graph = buildGraph(now, view);
const compared = buildGraph(now, view, before);
const cells = (csv: string) => csv.trimEnd().split('\r\n').map((line) => line.split(','));

test('CSV has a line for each link and port, with exact numbers', () => {
  const [header, ...lines] = cells(toCsv(graph, now));
  assert.equal(header!.join(), 'client_namespace,client_name,client_kind,server_namespace,server_name,server_kind,port,seen_by,bytes_to_server,'
    + 'bytes_to_client,bytes_to_server_per_second,bytes_to_client_per_second,opened,closed,failed,open,first_seen,last_seen');
  assert.deepEqual(lines.map((line) => line.join()).sort(), [
    'shop,db,StatefulSet,external,example.org,external,443,client,100,1000,3,0,3,2,0,1,1000,9000',
    'shop,web,Deployment,shop,db,StatefulSet,5432,both,100,1000,10,90,3,2,0,1,1000,9000',
    'shop,web,Deployment,shop,db,StatefulSet,9187,both,100,1000,1,0,3,2,0,1,1000,9000',
  ]);
});

test('CSV of a comparison adds the change and what it was; who is gone has the figures of then', () => {
  const [header, ...lines] = cells(toCsv(compared, now, before));
  assert.deepEqual(header!.slice(18), ['change', 'bytes_to_server_per_second_before', 'bytes_to_client_per_second_before']);
  assert(lines.every((line) => line.length === header!.length));
  const changes = new Map(lines.map((line) => [line[6], [line[4], line[10], ...line.slice(18)].join()]));
  assert.deepEqual(Object.fromEntries(changes), {
    25: 'smtp,4,gone,4,0.5', 443: 'example.org,3,new,,', 5432: 'db,10,grown,1,9', 9187: 'db,1,shrunk,2,0',
  });
});

test('Cells of CSV that mean something to a reader of it do not', () => {
  assert.equal(csvText('plain'), 'plain');
  assert.equal(csvText('a,"b"'), '"a,""b"""');
  assert.equal(csvText('=1+1'), '"\'=1+1"');
  assert.equal(csvText('@x'), '"\'@x"');
  assert.equal(csvText(' x'), '" x"');
});

test('JSON is an answer of what is shown, with nodes of its own', () => {
  const json = JSON.parse(toJson(buildGraph(now, { ...view, ports: [443] }), now));
  assert.deepEqual(json.nodes.map((node: { name: string }) => node.name), ['db', 'example.org']);
  assert.equal(json.links.length, 1);
  assert.deepEqual([json.links[0].client, json.links[0].server, json.links[0].port], [0, 1, 443]);
  assert(!('before' in json) && !('change' in json.links[0]));
});

test('JSON of a comparison has the other range, and each link its change and what it was', () => {
  const json = JSON.parse(toJson(compared, now, before));
  assert.deepEqual(json.before, { from: 500, to: 1000 });
  const links = new Map<number, any>(json.links.map((link: { port: number }) => [link.port, link]));
  assert.deepEqual([...links].map(([port, link]) => `${port} ${link.change}`).sort(), ['25 gone', '443 new', '5432 grown', '9187 shrunk']);
  assert.equal(links.get(5432).before.bytesToClientPerSecond, 9);
  assert(!('client' in links.get(5432).before) && !('port' in links.get(5432).before), 'it is the same link');
  assert(!('before' in links.get(443)), 'who is new was nothing');
  assert.equal(json.nodes[links.get(25).server].name, 'smtp', 'ends that are gone are named');
});

test('Before the other range is there, a comparison is written as one range', () => {
  assert.equal(toCsv(compared, now).includes('change'), false);
  assert.equal(JSON.parse(toJson(compared, now)).links.length, 3);
});

test('DOT has namespaces as clusters, and an edge for each pair', () => {
  const dot = toDot(graph);
  assert.equal([...dot.matchAll(/subgraph/g)].length, 2);
  assert(dot.includes('label="5432, 9187\\n101 B/s"'), dot);
  assert.equal([...dot.matchAll(/->/g)].length, 2);
  const odd = answer([['Deployment', 'a"b', 'c\\d'], ['Deployment', 'x', 'y']], [[0, 1, 80, { failed: 2, failedPerSecond: 1 }]]);
  const failing = toDot(buildGraph(odd, view));
  assert(failing.includes('label="a\\"b"') && failing.includes('"c\\\\d\\nDeployment"'), failing);
  assert(failing.includes('color="#cf222e"'), failing);
});

test('Graphs of a comparison mark each port and colour each edge by its change', () => {
  const dot = toDot(compared);
  assert(dot.includes('[label="^5432, v9187\\n101 B/s", color="#0969da"]'), dot);
  assert(dot.includes('[label="+443\\n3 B/s", color="#1a7f37"]'), dot);
  assert(dot.includes('[label="-25\\n0 B/s", color="#6e7781", style=dashed]'), dot);
  const mermaid = toMermaid(compared);
  assert(mermaid.includes('|"#94;5432, v9187<br/>101 B/s"|'), mermaid);
  assert(mermaid.includes('-.->|"-25<br/>0 B/s"|'), mermaid);
  assert.equal([...mermaid.matchAll(/linkStyle \d stroke:#(0969da|1a7f37|6e7781)/g)].length, 3, mermaid);
});

test('Mermaid gets no character that means something to it', () => {
  const odd = answer([['Deployment', 'a', '<b>"x"|[y]'], ['Deployment', 'a', 'z']], [[0, 1, 80]]);
  const line = toMermaid(buildGraph(odd, view)).split('\n').find((one) => one.includes('#60;'))!;
  assert(line.includes('["#60;b#62;#34;x#34;#124;#91;y#93;<br/>Deployment"]'), line);
});
