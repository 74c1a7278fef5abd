import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer } from './answers';

// A browser's surroundings, of which the client needs little. Timers are kept here and run by hand: nothing waits.
const listeners = new Map<string, () => void>();
const page = { hidden: false, addEventListener: (name: string, listener: () => void) => listeners.set(name, listener) };
let timers = new Map<number, { run: () => void; ms: number }>();
let nextTimer = 1;
const asked: string[] = [];
let reply: (path: string) => Promise<{ status: number; body: string }> = () => Promise.reject(new Error('not there yet'));
Object.assign(globalThis, {
  document: page,
  location: { search: '', pathname: '/' },
  history: { pushState: () => undefined, replaceState: () => undefined },
  addEventListener: () => undefined,
  setInterval: () => 0,
  clearInterval: () => undefined,
  setTimeout: (run: () => void, ms: number) => {
    timers.set(nextTimer, { run, ms });
    return nextTimer++;
  },
  clearTimeout: (timer: number) => timers.delete(timer),
  fetch: async (path: string) => {
    asked.push(path);
    const { status, body } = await reply(path);
    return { ok: status === 200, status, headers: new Headers(), text: () => Promise.resolve(body) };
  },
});

const client = await import('../src/client');
const { update } = await import('../src/state');
const good = { ...answer([['Pod', 's', 'a'], ['Pod', 's', 'b']], [[0, 1, 80, { bytesToServerPerSecond: 3 }]]), agents: [{ pollInterval: 5 }] };
const respond = (value: unknown, status = 200) => {
  reply = () => Promise.resolve({ status, body: typeof value === 'string' ? value : JSON.stringify(value) });
};

/** Lets all that is under way come to its end. */
async function settle(): Promise<void> {
  for (let round = 0; round < 50; round++) {
    await Promise.resolve();
  }
}

/** Runs the one timer there is, and says how long it would have taken. */
async function pass(): Promise<number> {
  assert.equal(timers.size, 1);
  const [timer] = timers.values();
  timers = new Map();
  timer!.run();
  await settle();
  return timer!.ms / 1000;
}

await test('It asks at once and then as often as the agent looks', async () => {
  respond(good);
  client.start();
  assert(client.loading.value);
  await settle();
  assert.deepEqual(asked, ['api/links']);
  assert.deepEqual(client.answer.value, good);
  assert(!client.loading.value);
  assert.equal(client.problem.value, null);
  respond({ ...good, time: 10_005 });
  assert.equal(await pass(), 5);
  assert.equal(client.answer.value?.time, 10_005);
  assert.deepEqual(client.liveHistory([{ client: 'Pod/s/a', server: 'Pod/s/b', port: 80 }]).bytesToServerPerSecond, [3, 3]);
});

await test('While the agent is away it asks less and less, and keeps what it has', async () => {
  reply = () => Promise.reject(new TypeError('Failed to fetch'));
  await pass();
  assert.equal(client.problem.value?.reason, 'unreachable');
  assert.equal(client.answer.value?.time, 10_005);
  const pauses = [];
  for (let round = 0; round < 6; round++) {
    pauses.push(await pass());
  }

  assert.deepEqual(pauses, [2, 4, 8, 16, 30, 30]);
  respond({ ...good, time: 10_100 });
  await pass();
  assert.equal(client.problem.value, null);
  assert.equal(client.answer.value?.time, 10_100);
  assert.equal(await pass(), 5);
});

await test('What cannot be understood is a problem, not an answer', async () => {
  for (const [value, status] of [['<html>', 200], ['', 200], ['{}', 200], [{ ...good, links: [{}] }, 200], ['nothing', 500]] as const) {
    respond(value, status);
    await pass();
    assert.equal(client.problem.value?.reason, 'unreachable', JSON.stringify(value));
    assert.equal(client.answer.value?.time, 10_100);
  }

  respond({ ...good, time: 10_200 });
  await pass();
});

await test('A page that nobody sees asks nothing', async () => {
  const before = asked.length;
  page.hidden = true;
  listeners.get('visibilitychange')!();
  await settle();
  assert.equal(timers.size, 0);
  assert.equal(asked.length, before);
  page.hidden = false;
  listeners.get('visibilitychange')!();
  await settle();
  assert.equal(asked.length, before + 1);
  assert.equal(timers.size, 1);
});

await test('A refused question leaves no answer to another one', async () => {
  respond({ version: 1, error: { status: 404, reason: 'no-store', message: 'PROMETHEUS_URL is not set' } }, 404);
  update({ scope: 'cluster' });
  await settle();
  assert.equal(asked.at(-1), 'api/links?scope=cluster&detail=sketch');
  assert.equal(client.problem.value?.reason, 'no-store');
  assert.equal(client.answer.value, null);
  assert(!client.loading.value);
});

await test('Two ranges are two questions, asked once', async () => {
  reply = (path) => Promise.resolve({ status: 200, body: JSON.stringify({ ...good, scope: 'cluster', from: path.includes('from=3000') ? 3000 : 1000 }) });
  update({ range: { from: 3000, to: 4000 }, compare: { from: 1000, to: 2000 } });
  await settle();
  assert.deepEqual(asked.slice(-2), ['api/links?scope=cluster&from=1000&to=2000', 'api/links?scope=cluster&from=3000&to=4000']);
  assert.equal(client.answer.value?.from, 3000);
  assert.equal(client.before.value?.from, 1000);
  assert.equal(timers.size, 0);
  update({ range: null, compare: null });
  await settle();
  assert.equal(client.before.value, null);
  assert.equal(await pass(), 10);
});

await test('A late answer to an old question is not taken', async () => {
  let release: (() => void) | undefined;
  reply = (path) => path.includes('cluster') ? new Promise((resolve) => {
    release = () => resolve({ status: 200, body: JSON.stringify({ ...good, scope: 'cluster' }) });
  }) : Promise.resolve({ status: 200, body: JSON.stringify(good) });
  const asking = pass();
  await settle();
  update({ scope: 'node' });
  await settle();
  release!();
  await settle();
  await asking;
  assert.equal(client.answer.value?.scope, 'node');
});

await test('The cluster is sketched first, and the sketch stands until all is known', async () => {
  const all = { ...good, scope: 'cluster', time: 10_400 };
  let refuses = true;
  reply = (path) => {
    const slow = { version: 1, error: { status: 504, reason: 'store-slow', message: 'slow' } };
    const [status, body] = path.includes('sketch') ? [200, { ...all, detail: 'sketch', time: 10_300 }] : refuses ? [504, slow] : [200, all];
    return Promise.resolve({ status, body: JSON.stringify(body) });
  };
  asked.length = 0;
  update({ scope: 'cluster' });
  await settle();
  assert.deepEqual(asked, ['api/links?scope=cluster&detail=sketch', 'api/links?scope=cluster']);
  assert.equal(client.answer.value?.detail, 'sketch');
  assert.equal(client.problem.value?.reason, 'store-slow');
  refuses = false;
  await pass();
  assert.deepEqual(asked.slice(2), ['api/links?scope=cluster']);
  assert.equal(client.answer.value?.time, 10_400);
  assert.equal(client.answer.value?.detail, undefined);
  assert.equal(client.problem.value, null);
  assert.equal(await pass(), 10);
  assert.deepEqual(asked.slice(3), ['api/links?scope=cluster']);
});

await test('Histories are asked for by name', async () => {
  const points = [1, null];
  respond({ version: 1, from: 1, to: 2, step: 1, bytesToServerPerSecond: points, bytesToClientPerSecond: points, openedPerSecond: points, failedPerSecond: points });
  const history = await client.history({ from: 1, to: 2, client: { name: 'a&b', namespace: 's' }, port: 80 });
  assert.deepEqual(history.openedPerSecond, points);
  assert.equal(asked.at(-1), 'api/history?scope=cluster&from=1&to=2&client=a%26b&clientNamespace=s&port=80');
  respond({ version: 1, error: { status: 502, reason: 'store-away', message: 'away' } }, 502);
  const error = await client.history({ from: 1, to: 2 }).catch((thrown: unknown) => thrown);
  assert(error instanceof client.Refused && error.error.reason === 'store-away');
});
