import { useState } from 'preact/hooks';
import { count, counted } from '../format';
import { graph } from '../model/current';
import { state, update, type ViewState } from '../state';
import { clearFilters, filtersSet, onlyLabels, toggle } from './filters';
import { Menu } from './Menu';
import { Name } from './Name';

/** Longer lists get a box to search in them, and show this many at once. */
const longList = 12;

/** What is shown: by namespace, kind, port, and only what is outside, failing or new. */
export function FilterMenu() {
  return (
    <Menu label="Filter" icon="filter" badge={filtersSet(state.value)}>
      {() => <Filters />}
    </Menu>
  );
}

function Filters() {
  const { only, namespaces, kinds, ports, system } = state.value;
  const shown = graph.value;
  return (
    <div class="filters">
      <fieldset>
        <legend>Links</legend>
        {(Object.keys(onlyLabels) as ViewState['only'][]).map((value) => (
          <label key={value} class="choice">
            <input type="radio" name="only" checked={only === value} onChange={() => update({ only: value })} />
            {onlyLabels[value]}
          </label>
        ))}
        <label class="choice switch">
          <input type="checkbox" checked={system} onChange={() => update({ system: !system })} />
          System namespaces
          {shown && shown.hiddenSystem > 0 && <span class="quiet">{counted(shown.hiddenSystem, 'hidden', 'hidden')}</span>}
        </label>
      </fieldset>
      <Choices title="Namespaces" all={shown?.namespaces} chosen={namespaces} onToggle={(value) => toggle('namespaces', value)} />
      <Choices title="Kinds" all={shown?.kinds} chosen={kinds} onToggle={(value) => toggle('kinds', value)} />
      <Choices title="Ports" all={shown?.ports} chosen={ports} onToggle={(value) => toggle('ports', value)} />
      <div class="menu-foot">
        <button type="button" class="button" disabled={filtersSet(state.value) === 0 && state.value.search === ''} onClick={clearFilters}>
          Clear filters
        </button>
      </div>
    </div>
  );
}

interface ChoicesProps<T extends string | number> {
  title: string;
  all: Map<T, number> | undefined;
  chosen: T[];
  onToggle: (value: T) => void;
}

function Choices<T extends string | number>({ title, all, chosen, onToggle }: ChoicesProps<T>) {
  const [find, setFind] = useState('');
  const entries = [...(all ?? [])].sort((a, b) => b[1] - a[1]);
  // What was chosen stays in the list though no link has it any more.
  for (const value of chosen) {
    if (!all?.has(value)) {
      entries.unshift([value, 0]);
    }
  }

  const wanted = find.trim().toLowerCase();
  const matching = entries.filter(([value]) => String(value).toLowerCase().includes(wanted));
  const listed = matching.filter(([value], index) => index < longList || chosen.includes(value));
  return (
    <fieldset>
      <legend>{title}</legend>
      {entries.length > longList && (
        <input
          type="search" class="find" aria-label={`Find in ${title.toLowerCase()}`} placeholder="Find" value={find}
          onInput={(event) => setFind(event.currentTarget.value)}
        />
      )}
      {listed.map(([value, number]) => (
        <label key={value} class="choice">
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => onToggle(value)} />
          <Name>{String(value)}</Name>
          <span class="quiet number">{count(number)}</span>
        </label>
      ))}
      {matching.length > listed.length && <p class="quiet">and {count(matching.length - listed.length)} more</p>}
      {entries.length === 0 && <p class="quiet">None yet</p>}
    </fieldset>
  );
}
