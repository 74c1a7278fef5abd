import { useState } from 'preact/hooks';
import { answer } from '../client';
import { exportPng, exportSvg } from '../map/export';
import { compared, graph } from '../model/current';
import { state } from '../state';
import { toCsv, toDot, toJson, toMermaid } from './formats';
import { Menu } from './Menu';
import { fixed } from './ranges';

/** Takes what is shown home: the links under the filters as text, or the map as a picture. */
export function ExportMenu() {
  return (
    <Menu label="Export" icon="save">
      {(close) => <Exports close={close} />}
    </Menu>
  );
}

function Exports({ close }: { close: () => void }) {
  const [wrong, setWrong] = useState('');
  const shown = graph.value;
  const known = answer.value;
  const other = compared.value;
  const empty = !shown || !known || shown.links.length === 0;
  const onMap = state.value.view === 'map';
  const inCluster = known !== null && known.nodes.some((node) => !['host', 'external', 'node'].includes(node.namespace));

  const make = async (name: string, type: string, content: () => string | Blob | Promise<Blob>) => {
    try {
      const made = await content();
      download(name, typeof made === 'string' ? new Blob([made], { type }) : made);
      close();
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  const texts: [string, string, () => string][] = [
    ['CSV', 'csv', () => toCsv(shown!, known!, other)], ['JSON', 'json', () => toJson(shown!, known!, other)], ['DOT (Graphviz)', 'dot', () => toDot(shown!)],
    ['Mermaid', 'mmd', () => toMermaid(shown!)],
  ];
  const types: Record<string, string> = { csv: 'text/csv', json: 'application/json' };
  return (
    <div class="exports">
      <h2>Links that are shown</h2>
      {texts.map(([title, suffix, content]) => (
        <button key={suffix} type="button" class="item" disabled={empty} onClick={() => make(`caretta.${suffix}`, types[suffix] ?? 'text/plain', content)}>{title}</button>
      ))}
      <h2>The map as it is on screen</h2>
      <button type="button" class="item" disabled={!onMap || empty} onClick={() => make('caretta.svg', 'image/svg+xml', exportSvg)}>SVG</button>
      <button type="button" class="item" disabled={!onMap || empty} onClick={() => make('caretta.png', 'image/png', exportPng)}>PNG</button>
      {!onMap && <p class="note">Only while the map is on screen.</p>}
      <h2>Network policies</h2>
      <button type="button" class="item" disabled={!inCluster} onClick={() => make('caretta-policies.yaml', 'application/yaml', policies)}>NetworkPolicy (YAML)</button>
      {!inCluster && <p class="note">Only in a Kubernetes cluster: a host has no workloads to write them for.</p>}
      {wrong !== '' && <p class="note bad" role="alert">{wrong}</p>}
    </div>
  );
}

/** Policies are made by the agent: it knows the pods' labels. */
async function policies(): Promise<Blob> {
  const { scope, range, namespaces } = state.value;
  const parameters = new URLSearchParams({ scope });
  if (scope === 'cluster') {
    const { from, to } = fixed(range);
    parameters.set('from', String(from));
    parameters.set('to', String(to));
  }

  for (const namespace of namespaces) {
    parameters.append('namespace', namespace);
  }

  const response = await fetch(`api/policies?${parameters}`);
  if (response.ok) {
    return response.blob();
  }

  const refusal = await response.json().catch(() => null) as { error?: { message?: unknown } } | null;
  throw new Error(typeof refusal?.error?.message === 'string' ? refusal.error.message : `the agent answered ${response.status}`);
}

function download(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has taken it by the next turn of its clock at the latest.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
