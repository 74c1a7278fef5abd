// What the user looks at. All of it is in the URL, so that a link shows another person the same and the back button works.

import { signal, type ReadonlySignal } from '@preact/signals';
import type { Scope } from './api';
import type { Change } from './model/graph';

/** A stretch of time: the last `seconds` up to now, or from one moment to another (seconds since 1970). */
export type Range = { last: number } | { from: number; to: number };

export interface ViewState {
  scope: Scope;
  /** Null is live: what is now, kept up to date. */
  range: Range | null;
  /** Compared with `range`, which then is not null. */
  compare: { from: number; to: number } | null;
  /** Part of a name, namespace, kind or address. */
  search: string;
  /** Empty is all. */
  namespaces: string[];
  kinds: string[];
  ports: number[];
  only: 'all' | 'external' | 'failing' | 'new';
  /** Whether the system's and our own namespaces are shown. */
  system: boolean;
  /** Whether external ends are one node. */
  foldExternal: boolean;
  /** Namespaces drawn as one box. */
  folded: string[];
  label: 'none' | 'bytes' | 'connections' | 'failures' | 'ports';
  layout: 'force' | 'layers';
  /** Key of a GraphNode or GraphLink. */
  selected: string | null;
  view: 'map' | 'table' | 'new';
  /** The table's column, with a minus in front when the largest come first. */
  sort: string;
  /** While comparing: the table shows only links that differ so. */
  change: Change | null;
}

export const defaults: ViewState = {
  scope: 'node', range: null, compare: null, search: '', namespaces: [], kinds: [], ports: [], only: 'all', system: false,
  foldExternal: true, folded: [], label: 'bytes', layout: 'force', selected: null, view: 'map', sort: '-rate', change: null,
};

const current = signal<ViewState>(parse(globalThis.location?.search ?? ''));

/** Read it in components; they follow. */
export const state: ReadonlySignal<ViewState> = current;

/** Changes what is looked at. Each change is a step for the back button, unless it goes on with the last one (typing, dragging). */
export function update(change: Partial<ViewState>, step: 'push' | 'replace' = 'push'): void {
  const next = { ...current.value, ...change };
  const url = serialise(next);
  if (url === serialise(current.value)) {
    return;
  }

  current.value = next;
  const target = location.pathname + url;
  if (step === 'push') {
    history.pushState(null, '', target);
  } else {
    history.replaceState(null, '', target);
  }
}

globalThis.addEventListener?.('popstate', () => {
  current.value = parse(location.search);
});

/** The query of a URL as a state. What cannot be understood is left at its default: a URL is anybody's input. */
export function parse(query: string): ViewState {
  const parameters = new URLSearchParams(query);
  const range = parseRange(parameters.get('range'));
  const compare = parseRange(parameters.get('compare'));
  return {
    scope: oneOf(parameters.get('scope'), ['node', 'cluster'], defaults.scope),
    range,
    compare: range && compare && 'from' in compare ? compare : null,
    search: (parameters.get('q') ?? '').slice(0, 253),
    namespaces: list(parameters, 'namespace'),
    kinds: list(parameters, 'kind'),
    ports: list(parameters, 'port').map(Number).filter((port) => Number.isInteger(port) && port >= 0 && port <= 65535),
    only: oneOf(parameters.get('only'), ['all', 'external', 'failing', 'new'], defaults.only),
    system: parameters.get('system') === '1',
    foldExternal: parameters.get('external') !== 'open',
    folded: list(parameters, 'fold'),
    label: oneOf(parameters.get('label'), ['none', 'bytes', 'connections', 'failures', 'ports'], defaults.label),
    layout: oneOf(parameters.get('layout'), ['force', 'layers'], defaults.layout),
    selected: parameters.get('selected'),
    view: oneOf(parameters.get('view'), ['map', 'table', 'new'], defaults.view),
    sort: /^-?[a-z]{1,20}$/.exec(parameters.get('sort') ?? '')?.[0] ?? defaults.sort,
    change: oneOf<Change | ''>(parameters.get('change'), ['new', 'gone', 'grown', 'shrunk', 'same'], '') || null,
  };
}

/** The opposite of {@link parse}: what is at its default is left out. */
export function serialise(view: ViewState): string {
  const parameters = new URLSearchParams();
  const put = (name: string, value: string, usual: string) => {
    if (value !== usual) {
      parameters.append(name, value);
    }
  };
  put('scope', view.scope, defaults.scope);
  put('range', view.range ? formatRange(view.range) : '', '');
  put('compare', view.compare ? formatRange(view.compare) : '', '');
  put('q', view.search, '');
  view.namespaces.forEach((value) => parameters.append('namespace', value));
  view.kinds.forEach((value) => parameters.append('kind', value));
  view.ports.forEach((value) => parameters.append('port', String(value)));
  put('only', view.only, defaults.only);
  put('system', view.system ? '1' : '', '');
  put('external', view.foldExternal ? '' : 'open', '');
  view.folded.forEach((value) => parameters.append('fold', value));
  put('label', view.label, defaults.label);
  put('layout', view.layout, defaults.layout);
  put('selected', view.selected ?? '', '');
  put('view', view.view, defaults.view);
  put('sort', view.sort, defaults.sort);
  put('change', view.change ?? '', '');
  const text = parameters.toString();
  return text ? `?${text}` : '';
}

function list(parameters: URLSearchParams, name: string): string[] {
  return [...new Set(parameters.getAll(name).filter((value) => value !== '' && value.length <= 253))].slice(0, 100);
}

function oneOf<T extends string>(value: string | null, allowed: readonly T[], otherwise: T): T {
  return allowed.find((candidate) => candidate === value) ?? otherwise;
}

// "900" is the last quarter of an hour, "1795380000-1795390000" a fixed stretch.
function parseRange(text: string | null): Range | null {
  const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text ?? '');
  if (!match) {
    return null;
  }

  const first = Number(match[1]);
  if (match[2] === undefined) {
    return first > 0 ? { last: first } : null;
  }

  const to = Number(match[2]);
  return to > first ? { from: first, to } : null;
}

function formatRange(range: Range): string {
  return 'last' in range ? String(range.last) : `${range.from}-${range.to}`;
}
