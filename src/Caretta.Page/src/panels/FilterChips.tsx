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
      {namespaces.map((value) => <Chip key={`n${value}`} what="namespace" onRemove={() => toggle('namespaces', value)}>{value}</Chip>)}
      {kinds.map((value) => <Chip key={`k${value}`} what="kind" onRemove={() => toggle('kinds', value)}>{value}</Chip>)}
      {ports.map((value) => <Chip key={`p${value}`} what="port" onRemove={() => toggle('ports', value)}>{String(value)}</Chip>)}
      {shown && <span class="quiet">{count(shown.filteredLinks)} of {counted(shown.totalLinks, 'link')} hidden</span>}
      <button type="button" class="plain" onClick={clearFilters}>Clear filters</button>
    </div>
  );
}

function Chip({ what, children, onRemove }: { what?: string; children: ComponentChildren; onRemove: () => void }) {
  return (
    <span class="chip">
      {what && <span class="quiet">{what}</span>}
      <Name>{String(children)}</Name>
      <button type="button" aria-label={`Remove filter ${what ?? ''} ${String(children)}`} onClick={onRemove}><Icon name="close" /></button>
    </span>
  );
}
