import { before } from '../client';
import { count } from '../format';
import { graph } from '../model/current';
import type { Change } from '../model/graph';
import { state, update } from '../state';
import { changeMarks } from './changes';
import { describe } from './ranges';

const shownChanges: Change[] = ['new', 'gone', 'grown', 'shrunk'];

/** While two ranges are compared: which, how many links differ in which way, and the way back. */
export function CompareStrip() {
  const { compare, range, change, scope } = state.value;
  if (!compare || scope !== 'cluster') {
    return null;
  }

  const links = graph.value?.links ?? [];
  return (
    <div class="toolbar-row compare" role="group" aria-label="Comparison">
      <span>{describe(range)} <span class="quiet">compared with</span> {describe(compare)}</span>
      {before.value
        ? shownChanges.map((kind) => (
          <button
            key={kind} type="button" class={`chip change-${kind}`} aria-pressed={state.value.view === 'table' && change === kind}
            onClick={() => update({ view: 'table', change: state.value.view === 'table' && change === kind ? null : kind })}
          >
            {changeMarks[kind]} {count(links.filter((link) => link.change === kind).length)} {kind}
          </button>
        ))
        : <span class="quiet">asking the store…</span>}
      <button type="button" class="plain" onClick={() => update({ compare: null, change: null })}>Stop comparing</button>
    </div>
  );
}
