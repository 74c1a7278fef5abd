// Names that stay the same from answer to answer: of workloads, folds, links and their ports.

import type { ApiNode } from '../api';

/** Of the node that stands for all that is external. */
export const externalFold = '*external';

/** Of one workload. Kinds and namespaces have no slash in a cluster; a store may say what it likes. Names may have any. */
export function nodeKey(node: Pick<ApiNode, 'kind' | 'namespace' | 'name'>): string {
  return `${part(node.kind)}/${part(node.namespace)}/${node.name}`;
}

/** Of the box that stands for all of a namespace. */
export function namespaceFold(namespace: string): string {
  return `*/${namespace}`;
}

/** Of what goes from one node to another. */
export function linkKey(client: string, server: string): string {
  return `${client}>${server}`;
}

/** Of one port of a link between two workloads. */
export function portKey(client: string, server: string, port: number): string {
  return `${port} ${client}>${server}`;
}

/** The opposite of {@link nodeKey}: what a workload is called. Not for folds. */
export function parseNodeKey(key: string): { kind: string; namespace: string; name: string } {
  const first = key.indexOf('/');
  const second = key.indexOf('/', first + 1);
  return { kind: whole(key.slice(0, first)), namespace: whole(key.slice(first + 1, second)), name: key.slice(second + 1) };
}

function part(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function whole(text: string): string {
  return text.replaceAll('%2F', '/').replaceAll('%25', '%');
}
