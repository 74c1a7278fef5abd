// Whether what came from the network is what docs/api.md says. The page trusts nothing else, and nothing without end.

import type { ApiAgent, ApiError, ApiHistory, ApiLink, ApiLinks, ApiNode } from '../api';

/** Characters of an answer: twenty thousand links with long names. */
export const maxCharacters = 32 * 1024 * 1024;

const maxLinks = 20_000;
const maxNodes = 2 * maxLinks;
const maxName = 1024;
const maxAgents = 10_000;
const maxPoints = 1000;

const linkNumbers = [
  'bytesToServer', 'bytesToClient', 'bytesToServerPerSecond', 'bytesToClientPerSecond', 'opened', 'closed', 'failed', 'open',
  'openedPerSecond', 'failedPerSecond', 'firstSeen', 'lastSeen',
] as const satisfies readonly (keyof ApiLink)[];

const historyMembers = [
  'bytesToServerPerSecond', 'bytesToClientPerSecond', 'openedPerSecond', 'failedPerSecond',
] as const satisfies readonly (keyof ApiHistory)[];

type Loose = Record<string, unknown>;

/** The value as an answer of /api/links, or null when it is none. */
export function asLinks(value: unknown): ApiLinks | null {
  if (!isObject(value) || value['version'] !== 1 || (value['scope'] !== 'node' && value['scope'] !== 'cluster')
    || !['time', 'from', 'to', 'rateSeconds', 'omittedLinks'].every((name) => isCount(value[name]))
    || (value['incompleteLinks'] !== undefined && !isCount(value['incompleteLinks']))) {
    return null;
  }

  const nodes = value['nodes'];
  const links = value['links'];
  const agents = value['agents'];
  if (!isList(nodes, maxNodes, isNode) || !isList(agents, maxAgents, isAgent)
    || !isList(links, maxLinks, (link): link is ApiLink => isLink(link, nodes.length))) {
    return null;
  }

  return { ...value, nodes, links, agents, store: value['store'] === true } as unknown as ApiLinks;
}

/** The value as an answer of /api/history, or null when it is none. */
export function asHistory(value: unknown): ApiHistory | null {
  return isObject(value) && value['version'] === 1 && isCount(value['from']) && isCount(value['to']) && isCount(value['step'])
    && historyMembers.every((name) => isList(value[name], maxPoints, (point): point is number | null => point === null || isNumber(point)))
    ? value as unknown as ApiHistory
    : null;
}

/** The value as a refusal, or null when it is none. */
export function asError(value: unknown): ApiError['error'] | null {
  const error = isObject(value) ? value['error'] : null;
  return isObject(error) && isNumber(error['status']) && typeof error['reason'] === 'string' && typeof error['message'] === 'string'
    ? error as unknown as ApiError['error']
    : null;
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList<T>(value: unknown, max: number, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length <= max && value.every(is);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return isNumber(value) && value >= 0;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxName;
}

function isNode(value: unknown): value is ApiNode {
  return isObject(value) && isName(value['name']) && isName(value['namespace']) && isName(value['kind'])
    && (value['owner'] === undefined || isName(value['owner']));
}

function isLink(value: unknown, nodes: number): value is ApiLink {
  const isIndex = (index: unknown) => Number.isInteger(index) && (index as number) >= 0 && (index as number) < nodes;
  return isObject(value) && isIndex(value['client']) && isIndex(value['server'])
    && Number.isInteger(value['port']) && isCount(value['port']) && value['port'] <= 65535
    && linkNumbers.every((name) => isCount(value[name]));
}

function isAgent(value: unknown): value is ApiAgent {
  return isObject(value) && Object.values(value).every((member) => isNumber(member) || isName(member) || typeof member === 'boolean');
}
