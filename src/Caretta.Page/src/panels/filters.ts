// Filters as the panels offer them, and what is set.

import { defaults, state, update, type ViewState } from '../state';

export const onlyLabels: Record<ViewState['only'], string> = {
  all: 'Everything', external: 'To and from outside', failing: 'Failing', new: 'New in this range',
};

/** How many filters hide something, the search not counted. */
export function filtersSet(view: ViewState): number {
  return view.namespaces.length + view.kinds.length + view.ports.length + (view.only === 'all' ? 0 : 1);
}

/** Takes all filters away, the search too. */
export function clearFilters(): void {
  const { search, namespaces, kinds, ports, only } = defaults;
  update({ search, namespaces, kinds, ports, only });
}

type ListName = 'namespaces' | 'kinds' | 'ports';

/** Puts a value into one of the lists, or takes it out. */
export function toggle<Name extends ListName>(list: Name, value: ViewState[Name][number]): void {
  const now = state.value[list] as (string | number)[];
  const next = now.includes(value) ? now.filter((other) => other !== value) : [...now, value];
  update({ [list]: next } as Partial<ViewState>);
}

/** One step towards the back button however many are folded. */
export function toggleFold(namespace: string): void {
  const { folded } = state.value;
  update({ folded: folded.includes(namespace) ? folded.filter((other) => other !== namespace) : [...folded, namespace] });
}
