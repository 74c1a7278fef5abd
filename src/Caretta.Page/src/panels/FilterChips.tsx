import type { ComponentChildren } from 'preact';
import { count, counted } from '../format';
import { graph } from '../model/current';
import { state, update } from '../state';
import { clearFilters, filtersSet, onlyLabels, toggle } from './filters';
import { Icon } from './Icon';
import { Name } from './Name';

/** The filters that are set, each with a button to take it away, and how much is hidden. */
export function FilterChips() {
  const { namespaces, kinds, ports, only, search } = state.value;
  const shown = graph.value;
  if (filtersSet(state.value) === 0 && search === '') {
    return null;
  }

  return (
    <div class="toolbar-row chips">
      {only !== 'all' && <Chip onRemove={() => update({ only: 'all' })}>{onlyLabels[only]}</Chip>}
      <Chips what="namespace" values={namespaces} onRemove={(value) => toggle('namespaces', value)} onClear={() => update({ namespaces: [] })} />
      <Chips what="kind" values={kinds} onRemove={(value) => toggle('kinds', value)} onClear={() => update({ kinds: [] })} />
      <Chips what="port" values={ports} onRemove={(value) => toggle('ports', value)} onClear={() => update({ ports: [] })} />
      {shown && <span class="quiet">{count(shown.filteredLinks)} of {counted(shown.totalLinks, 'link')} hidden</span>}
      <button type="button" class="plain" onClick={clearFilters}>Clear filters</button>
    </div>
  );
}

/** More than these become one chip. */
const fewValues = 4;

interface ChipsProps<T> {
  what: string;
  values: readonly T[];
  onRemove: (value: T) => void;
  onClear: () => void;
}

function Chips<T extends string | number>({ what, values, onRemove, onClear }: ChipsProps<T>) {
  return values.length > fewValues
    ? <Chip onRemove={onClear}>{counted(values.length, what)}</Chip>
    : <>{values.map((value) => <Chip key={value} what={what} onRemove={() => onRemove(value)}>{String(value)}</Chip>)}</>;
}

function Chip({ what, children, onRemove }: { what?: string; children: ComponentChildren; onRemove: () => void }) {
  return (
    <span class="chip">
      {what && <span class="quiet">{what}</span>}
      <Name>{String(children)}</Name>
      <button type="button" aria-label={`Remove filter ${what ? `${what} ` : ''}${String(children)}`} onClick={onRemove}><Icon name="close" /></button>
    </span>
  );
}
