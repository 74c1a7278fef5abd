import { useState } from 'preact/hooks';
import { answer, before } from '../client';
import { ago, byteRate, counted, duration, time } from '../format';
import { isNew } from '../model/build';
import { graph } from '../model/current';
import type { GraphLink, GraphPort } from '../model/graph';
import { nodeKey, parseNodeKey } from '../model/keys';
import { state, update } from '../state';
import { Icon } from './Icon';
import { Name } from './Name';
import { describe } from './ranges';

const pageSize = 200;

interface Arrival {
  link: GraphLink;
  port: GraphPort;
  firstSeen: number;
  /** Whether the server is outside, and whether nobody went there before. */
  outside: 'no' | 'known' | 'new';
}

/** What was seen for the first time: links, and destinations outside, the newest first. */
export function NewLinksView() {
  const [onlyOutside, setOnlyOutside] = useState(false);
  const [more, setMore] = useState(1);
  const known = answer.value;
  const shown = graph.value;
  if (!known || !shown) {
    return null;
  }

  const all = arrivals(shown.links);
  const outside = all.filter((arrival) => arrival.outside !== 'no');
  const listed = onlyOutside ? outside : all;
  const now = Date.now() / 1000;
  return (
    <section class="listing arrivals" aria-label="Seen for the first time" tabIndex={0}>
      <header>
        <h2>Seen for the first time</h2>
        <p class="quiet">{explain()}</p>
        <label class="choice">
          <input type="checkbox" checked={onlyOutside} onChange={() => setOnlyOutside(!onlyOutside)} />
          Only destinations outside
          <span class="quiet">{counted(outside.length, 'link')}</span>
        </label>
      </header>
      {listed.length === 0
        ? <p class="nothing">Nothing new{onlyOutside ? ' outside' : ''}: every link that is shown was there before.</p>
        : (
          <ol>
            {listed.slice(0, more * pageSize).map(({ link, port, firstSeen, outside: where }) => (
              <li key={`${port.client}>${port.server}:${port.port}`}>
                <button type="button" class="arrival" aria-current={state.value.selected === link.key} onClick={() => update({ selected: link.key })}>
                  <time dateTime={new Date(firstSeen * 1000).toISOString()} title={time(firstSeen, 0)}>{ago(firstSeen, now)}</time>
                  <span class="arrival-link">
                    <Name>{parseNodeKey(port.client).name}</Name>
                    <span class="quiet">→<span class="visually-hidden"> to</span></span>
                    <Name>{parseNodeKey(port.server).name}</Name>
                    <span class="quiet">:{port.port}</span>
                  </span>
                  {where !== 'no' && <span class="tag">{where === 'new' ? 'new destination outside' : 'outside'}</span>}
                  {port.now && port.now.failed > 0 && <span class="bad"><Icon name="warning" /> failing</span>}
                  <span class="quiet number">{port.now ? byteRate(port.now.bytesToServerPerSecond + port.now.bytesToClientPerSecond) : ''}</span>
                </button>
              </li>
            ))}
          </ol>
        )}
      {listed.length > more * pageSize && (
        <button type="button" class="button" onClick={() => setMore(more + 1)}>Show more of {counted(listed.length, 'link')}</button>
      )}
    </section>
  );

  function arrivals(links: readonly GraphLink[]): Arrival[] {
    const comparing = state.value.compare !== null && before.value !== null;
    const found: Arrival[] = [];
    const reached = firstReached();
    for (const link of links) {
      for (const port of link.ports) {
        if (port.now && (comparing ? !port.before : isNew(port.now, known!))) {
          const isOutside = parseNodeKey(port.server).kind === 'external';
          const isFirst = isOutside && isNew({ firstSeen: reached.get(port.server) ?? 0 }, known!);
          found.push({ link, port, firstSeen: port.now.firstSeen, outside: isFirst ? 'new' : isOutside ? 'known' : 'no' });
        }
      }
    }

    return found.sort((a, b) => b.firstSeen - a.firstSeen || b.port.port - a.port.port);
  }

  /** When anybody first went to a server, whatever filters hide. */
  function firstReached(): Map<string, number> {
    const first = new Map<string, number>();
    const keys = known!.nodes.map(nodeKey);
    for (const { server, firstSeen } of known!.links) {
      const key = keys[server]!;
      first.set(key, Math.min(first.get(key) ?? Infinity, firstSeen));
    }

    return first;
  }

  function explain(): string {
    if (state.value.compare) {
      return `In ${describe(state.value.range)}, and not in ${describe(state.value.compare)}.`;
    }

    return known!.scope === 'cluster'
      ? `Links that began after ${time(known!.from)}. A longer range looks further back for what was there before.`
      : `Links that began in the last hour, and not in the first minute of this agent, which runs for ${duration(known!.to - known!.from)}.`;
  }
}
