// What is shown now: follows the answers and the state.

import { computed, type ReadonlySignal } from '@preact/signals';
import type { ApiLinks } from '../api';
import { answer, before, failedLately } from '../client';
import { defaults, serialise, state } from '../state';
import { buildGraph } from './build';
import type { Graph } from './graph';

// What is selected and how it is drawn does not change what there is.
const filters = computed(() => serialise({
  ...state.value, selected: defaults.selected, label: defaults.label, layout: defaults.layout, view: defaults.view,
  sort: defaults.sort, change: defaults.change,
}));

/** The answer for the range that is compared with, once it is there. */
export const compared: ReadonlySignal<ApiLinks | undefined> = computed(() => (state.value.compare ? before.value ?? undefined : undefined));

/** Null until something has been heard. */
export const graph: ReadonlySignal<Graph | null> = computed(() => {
  const now = answer.value;
  void filters.value;
  const view = state.peek();
  return now && buildGraph(now, view, compared.value, failedLately());
});
