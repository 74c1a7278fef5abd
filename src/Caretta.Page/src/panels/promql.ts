// The queries behind what is shown, to go on with in a dashboard.

import type { GraphLink, GraphNode } from '../model/graph';

/** Bytes per second of a link by port, or of a node by its peers; `role` 1 is what clients sent, 2 what servers sent. */
export function promql(what: GraphNode | GraphLink): string {
  if ('client' in what) {
    const matchers = [...matcher('client', what.client), ...matcher('server', what.server)];
    return `sum by (server_port, role) (rate(caretta_links_observed{${matchers.join(', ')}}[5m]))`;
  }

  const one = (side: 'client' | 'server', other: 'client' | 'server') =>
    `sum by (${other}_name, ${other}_namespace, server_port, role) (rate(caretta_links_observed{${matcher(side, what).join(', ')}}[5m]))`;
  return `${one('client', 'server')}\nor\n${one('server', 'client')}`;
}

function matcher(side: 'client' | 'server', node: GraphNode): string[] {
  switch (node.fold) {
    case 'none': return [`${side}_name=${quote(node.name)}`, `${side}_namespace=${quote(node.namespace)}`];
    case 'namespace': return [`${side}_namespace=${quote(node.namespace)}`];
    default: return [`${side}_namespace="external"`];
  }
}

function quote(text: string): string {
  return `"${text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`;
}
