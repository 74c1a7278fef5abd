// Asks the agent, again and again while somebody looks.

import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type { ApiError, ApiHistory, ApiLinks, Scope } from './api';
import { asError, asHistory, asLinks, maxCharacters } from './model/check';
import type { GraphPort } from './model/graph';
import { portKey } from './model/keys';
import { Samples, type LiveHistory } from './model/samples';
import { state, type Range, type ViewState } from './state';

/** Why there is no fresh answer. */
export type Problem = ApiError['error'] | { reason: 'unreachable'; message: string };

/** What /api/history is asked for. */
export interface HistoryQuery {
  from: number;
  to: number;
  client?: { name: string; namespace: string };
  server?: { name: string; namespace: string };
  port?: number;
}

const minPollSeconds = 2;
const storePollSeconds = 10;
const maxPollSeconds = 60;
const maxBackOffSeconds = 30;
const timeoutMs = 40_000;
const failureSeconds = 60;

const lastAnswer = signal<ApiLinks | null>(null);
const lastBefore = signal<ApiLinks | null>(null);
const lastProblem = signal<Problem | null>(null);
const busy = signal(true);
const answeredAt = signal<number | null>(null);
const clock = signal(Date.now());
const samples = new Samples();

/** The latest answer; kept while there is a problem, unless it is not what is looked at now. */
export const answer: ReadonlySignal<ApiLinks | null> = lastAnswer;

/** The answer for the range compared with; null when nothing is compared. */
export const before: ReadonlySignal<ApiLinks | null> = lastBefore;

/** Why the latest answer is not fresh, or null when it is. */
export const problem: ReadonlySignal<Problem | null> = lastProblem;

/** Whether what is looked at has not been heard of yet, neither by answer nor by problem. */
export const loading: ReadonlySignal<boolean> = busy;

/** Whole seconds since the latest answer came; null before the first. */
export const age: ReadonlySignal<number | null> = computed(() =>
  answeredAt.value === null ? null : Math.max(0, Math.floor((clock.value - answeredAt.value) / 1000)));

/** What to say when the agent answers with nothing that can be understood. */
class Unreadable extends Error {}

/** Refused with a reason. */
export class Refused extends Error {
  constructor(readonly error: ApiError['error']) {
    super(error.message);
  }
}

/** Asks for points over time of one link, or of all links of an end. Throws a {@link Refused}, or another error when the agent is away. */
export async function history(query: HistoryQuery, signal?: AbortSignal): Promise<ApiHistory> {
  const parameters = new URLSearchParams({ scope: 'cluster', from: String(query.from), to: String(query.to) });
  for (const side of ['client', 'server'] as const) {
    const end = query[side];
    if (end) {
      parameters.set(side, end.name);
      parameters.set(`${side}Namespace`, end.namespace);
    }
  }

  if (query.port !== undefined) {
    parameters.set('port', String(query.port));
  }

  const points = asHistory(await ask(`api/history?${parameters}`, signal));
  if (!points) {
    throw new Unreadable('the agent sent a history that cannot be understood');
  }

  return points;
}

/** Rates of the last quarter of an hour, as seen by this page, of all these ports together. Empty unless live. */
export function liveHistory(ports: Iterable<Pick<GraphPort, 'client' | 'server' | 'port'>>): LiveHistory {
  return samples.of([...ports].map((port) => portKey(port.client, port.server, port.port)));
}

/** Keys of ports on which attempts failed within the last minute, in live mode: one that fails now and then shows no less than others. */
export function failedLately(): ReadonlySet<string> {
  return samples.failedIn(failureSeconds);
}

/** Asks at once, say after a problem. */
export function retry(): void {
  failures = 0;
  void poll();
}

let asked = ''; // what the latest answer is an answer to
let askedBefore = '';
let sketched = ''; // what there is a sketch of, as long as it is the latest answer
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let running: AbortController | undefined;
let ticking: ReturnType<typeof setInterval> | undefined;

/** Starts asking; once. */
export function start(): void {
  const wanted = computed(() => JSON.stringify(query(state.value)));
  effect(() => {
    void wanted.value;
    failures = 0;
    void poll();
  });
  document.addEventListener('visibilitychange', () => void poll());
  addEventListener('online', retry);
}

/** What is asked for, but for the time: the same text, the same thing to look at. */
function query(view: ViewState): { scope: Scope; range: Range | null; compare: ViewState['compare'] } {
  return view.scope === 'cluster'
    ? { scope: 'cluster', range: view.range, compare: view.compare }
    : { scope: 'node', range: null, compare: null };
}

async function poll(): Promise<void> {
  clearTimeout(timer);
  running?.abort();
  running = undefined;
  if (document.hidden) {
    clearInterval(ticking);
    ticking = undefined;
    return;
  }

  ticking ??= setInterval(() => {
    clock.value = Date.now();
  }, 1000);
  const what = query(state.peek());
  const key = JSON.stringify(what);
  const keyBefore = JSON.stringify(what.compare);
  if (key !== asked) {
    busy.value = true;
  }

  const controller = new AbortController();
  running = controller;
  try {
    // Something to look at, while the store works on the rest.
    if (what.scope === 'cluster' && !what.compare && key !== asked && key !== sketched) {
      const sketch = await links(what.scope, what.range, controller.signal, 'sketch');
      if (running !== controller) {
        return;
      }

      sketched = key;
      asked = '';
      lastBefore.value = null;
      lastProblem.value = null;
      lastAnswer.value = sketch;
    }

    const older = what.compare && keyBefore !== askedBefore ? await links('cluster', what.compare, controller.signal) : undefined;
    const fresh = await links(what.scope, what.range, controller.signal);
    if (running !== controller) {
      return;
    }

    settle(fresh, older, what, key, keyBefore);
  } catch (error) {
    if (running !== controller) {
      return;
    }

    failures++;
    if (key !== asked && key !== sketched) {
      // What is there answers another question.
      lastAnswer.value = null;
      answeredAt.value = null;
      asked = sketched = '';
    }

    lastProblem.value = error instanceof Refused ? error.error : { reason: 'unreachable', message: explain(error) };
  }

  running = undefined;
  busy.value = false;
  const seconds = pause(what);
  if (seconds !== null) {
    timer = setTimeout(() => void poll(), seconds * 1000);
  }
}

function settle(fresh: ApiLinks, older: ApiLinks | undefined, what: ReturnType<typeof query>, key: string, keyBefore: string): void {
  failures = 0;
  if (key !== asked) {
    samples.clear();
  }

  if (what.scope === 'node' && (lastAnswer.peek()?.time ?? 0) > fresh.time) {
    samples.clear(); // the agent's clock was set back
  }

  if (!what.range) {
    samples.add(fresh);
  }

  asked = key;
  sketched = '';
  askedBefore = keyBefore;
  lastBefore.value = what.compare ? older ?? lastBefore.peek() : null;
  lastProblem.value = null;
  lastAnswer.value = fresh;
  answeredAt.value = Date.now();
  clock.value = Date.now();
}

// A range in the past is asked for once.
function pause(what: ReturnType<typeof query>): number | null {
  if (failures > 0) {
    return Math.min(maxBackOffSeconds, minPollSeconds * 2 ** (failures - 1));
  }

  if (what.range && 'from' in what.range) {
    return null;
  }

  const interval = Math.max(minPollSeconds, ...(lastAnswer.peek()?.agents ?? []).slice(0, 1).map((agent) => agent.pollInterval ?? 0));
  if (what.scope === 'node') {
    return Math.min(maxPollSeconds, interval);
  }

  return Math.min(maxPollSeconds, Math.max(storePollSeconds, interval, what.range && 'last' in what.range ? what.range.last / 60 : 0));
}

async function links(scope: Scope, range: Range | null, signal: AbortSignal, detail?: 'sketch'): Promise<ApiLinks> {
  const parameters = new URLSearchParams();
  if (scope === 'cluster') {
    parameters.set('scope', scope);
    if (range) {
      const now = Math.floor(Date.now() / 1000);
      const { from, to } = 'last' in range ? { from: now - range.last, to: now } : range;
      parameters.set('from', String(from));
      parameters.set('to', String(to));
    }

    if (detail) {
      parameters.set('detail', detail);
    }
  }

  const text = parameters.toString();
  const answer = asLinks(await ask(text ? `api/links?${text}` : 'api/links', signal));
  if (!answer) {
    throw new Unreadable('the agent sent an answer that cannot be understood');
  }

  return answer;
}

async function ask(path: string, signal?: AbortSignal): Promise<unknown> {
  const controller = new AbortController();
  const give = () => controller.abort();
  const late = setTimeout(give, timeoutMs);
  signal?.addEventListener('abort', give);
  try {
    signal?.throwIfAborted();
    const response = await fetch(path, { signal: controller.signal, headers: { accept: 'application/json' }, redirect: 'error' });
    if (Number(response.headers.get('content-length') ?? 0) > maxCharacters) {
      throw new Unreadable('the answer is too large');
    }

    const text = await response.text();
    if (text.length > maxCharacters) {
      throw new Unreadable('the answer is too large');
    }

    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Unreadable(`the agent answered ${response.status} with something else than JSON`);
    }

    const error = asError(value);
    if (error) {
      throw new Refused(error);
    }

    if (!response.ok) {
      throw new Unreadable(`the agent answered ${response.status}`);
    }

    return value;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', give);
  }
}

function explain(error: unknown): string {
  return error instanceof Unreadable ? error.message : 'the agent does not answer';
}
