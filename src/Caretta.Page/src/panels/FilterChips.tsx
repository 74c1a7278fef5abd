import type { ComponentChildren } from 'preact';
import { counted } from '../format';
import { graph } from '../model/current';
import { state, update } from '../state';
import { clearFilters, filtersSet, onlyLabels, toggle } from './filters';
import { Icon } from './Icon';
import { Name } from './Name';

/** The filters that are set, each with a button to take it away, and how much is hidden. */
export function FilterChips() {
  const { namespaces, kinds, ports, only, search, system } = state.value;
  const shown = graph.value;
  const set = filtersSet(state.value);
  const hiddenSystem = system ? 0 : shown?.hiddenSystem ?? 0;
  if (set === 0 && search === '' && hiddenSystem === 0) {
    return null;
  }

  return (
    <div class="toolbar-row chips">
      {only !== 'all' && <Chip onRemove={() => update({ only: 'all' })}>{onlyLabels[only]}</Chip>}
      {namespaces.map((value) => <Chip key={`n${value}`} what="namespace" onRemove={() => toggle('namespaces', value)}>{value}</Chip>)}
      {kinds.map((value) => <Chip key={`k${value}`} what="kind" onRemove={() => toggle('kinds', value)}>{value}</Chip>)}
      {ports.map((value) => <Chip key={`p${value}`} what="port" onRemove={() => toggle('ports', value)}>{String(value)}</Chip>)}
      {(set > 0 || search !== '') && (
        <>
          {shown && <span class="quiet">{counted(shown.filteredLinks, 'link')} of {counted(shown.totalLinks, 'link')} hidden</span>}
          <button type="button" class="plain" onClick={clearFilters}>Clear filters</button>
        </>
      )}
      {hiddenSystem > 0 && (
        <span class="quiet">
          {counted(hiddenSystem, 'system workload')} hidden{' '}
          <button type="button" class="plain" aria-label="Show system namespaces" onClick={() => update({ system: true })}>Show</button>
        </span>
      )}
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
