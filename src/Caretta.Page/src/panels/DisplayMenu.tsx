import { graph } from '../model/current';
import { state, update, type ViewState } from '../state';
import { toggleFold } from './filters';
import { Menu } from './Menu';
import { Name } from './Name';

const labels: [ViewState['label'], string][] = [
  ['bytes', 'Bytes per second'], ['connections', 'Connections per second'], ['failures', 'Failures'], ['ports', 'Ports'], ['none', 'Nothing'],
];

const layouts: [ViewState['layout'], string][] = [['force', 'By affinity'], ['layers', 'Clients left, servers right']];

/** How the map draws: layout, what links are labelled with, and what is folded into one box. */
export function DisplayMenu() {
  return (
    <Menu label="Display" icon="display">
      {() => <Display />}
    </Menu>
  );
}

function Display() {
  const { layout, label, foldExternal, folded } = state.value;
  const namespaces = [...(graph.value?.namespaces.keys() ?? [])].filter((name) => name !== 'external').sort();
  return (
    <div class="filters">
      <fieldset>
        <legend>Layout</legend>
        {layouts.map(([value, text]) => (
          <label key={value} class="choice">
            <input type="radio" name="layout" checked={layout === value} onChange={() => update({ layout: value })} />
            {text}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>Label of links</legend>
        {labels.map(([value, text]) => (
          <label key={value} class="choice">
            <input type="radio" name="label" checked={label === value} onChange={() => update({ label: value })} />
            {text}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>One box for</legend>
        <label class="choice">
          <input type="checkbox" checked={foldExternal} onChange={() => update({ foldExternal: !foldExternal })} />
          All that is outside
        </label>
        {namespaces.map((name) => (
          <label key={name} class="choice">
            <input type="checkbox" checked={folded.includes(name)} onChange={() => toggleFold(name)} />
            <Name>{name}</Name>
          </label>
        ))}
      </fieldset>
      <div class="menu-foot">
        <button type="button" class="button" disabled={namespaces.every((name) => folded.includes(name))} onClick={() => update({ folded: namespaces.slice(0, 100) })}>
          Fold namespaces
        </button>
        <button type="button" class="button" disabled={folded.length === 0} onClick={() => update({ folded: [] })}>Unfold</button>
      </div>
    </div>
  );
}
