import { byteRate, count, growth, time } from '../format';
import type { GraphLink, GraphNode } from '../model/graph';
import { parseNodeKey } from '../model/keys';
import { update } from '../state';
import { changeMarks } from './changes';
import { CopyQuery } from './CopyQuery';
import { HistoryCharts } from './HistoryCharts';
import { Icon } from './Icon';
import { Name, visible } from './Name';
import { Exact } from './NodeDetails';
import { promql } from './promql';
import { beforeOf } from './sorting';

const shownPorts = 100;

/** A link: its ends, how much goes which way, and each of its ports. */
export function LinkDetails({ link }: { link: GraphLink }) {
  const folded = link.client.fold !== 'none' || link.server.fold !== 'none';
  const rate = link.bytesToServerPerSecond + link.bytesToClientPerSecond;
  return (
    <>
      <header class="detail-section">
        <p class="quiet">Link</p>
        <h2 class="ends">
          <EndButton node={link.client} />
          <span class="quiet" aria-hidden="true">→</span><span class="visually-hidden">to</span>
          <EndButton node={link.server} />
        </h2>
        {link.health === 'failing' && (
          <p class="bad"><Icon name="warning" /> {count(link.failed)} of {count(link.opened + link.failed)} connection attempts failed</p>
        )}
        {link.health === 'silent' && <p class="quiet">Silent: nothing moved lately.</p>}
        {link.change && link.change !== 'same' && (
          <p class={`change-${link.change}`}>
            {changeMarks[link.change]} {link.change}{link.change === 'grown' || link.change === 'shrunk' ? `, ${growth(rate, beforeOf(link))}` : ''}: {byteRate(rate)} now, {byteRate(beforeOf(link))} then
          </p>
        )}
        <p class="quiet">{seenBy(link)}</p>
      </header>
      <HistoryCharts ports={link.ports} of={link} />
      <section class="detail-section">
        <dl class="figures">
          <div><dt>To server</dt><dd>{byteRate(link.bytesToServerPerSecond)}<Exact value={link.bytesToServer} /></dd></div>
          <div><dt>To client</dt><dd>{byteRate(link.bytesToClientPerSecond)}<Exact value={link.bytesToClient} /></dd></div>
          <div><dt>Connections</dt><dd>{count(link.open)} open<span class="quiet"> {count(link.opened)} opened</span></dd></div>
          <div><dt>Failed</dt><dd class={link.failed > 0 ? 'bad' : ''}>{count(link.failed)}</dd></div>
          <div><dt>First seen</dt><dd>{time(link.firstSeen)}</dd></div>
          <div><dt>Last moved</dt><dd>{time(link.lastSeen)}</dd></div>
        </dl>
      </section>
      <section class="detail-section">
        <h3>Ports <span class="quiet">{count(link.ports.length)}</span></h3>
        <table class="ports">
          <thead>
            <tr>
              <th scope="col">Port</th><th scope="col" class="number">Traffic</th><th scope="col" class="number">Open</th>
              <th scope="col" class="number">Opened</th><th scope="col" class="number">Failed</th>
            </tr>
          </thead>
          <tbody>
            {link.ports.slice(0, shownPorts).map((port) => {
              const known = port.now ?? port.before!;
              return (
                <tr key={`${port.client}>${port.server}:${port.port}`}>
                  <th scope="row">
                    {port.port}
                    {folded && <div class="quiet"><Name>{parseNodeKey(port.client).name}</Name> → <Name>{parseNodeKey(port.server).name}</Name></div>}
                  </th>
                  <td class="number">{port.now ? byteRate(known.bytesToServerPerSecond + known.bytesToClientPerSecond) : 'gone'}</td>
                  <td class="number">{count(known.open)}</td>
                  <td class="number">{count(known.opened)}</td>
                  <td class={known.failed > 0 ? 'number bad' : 'number'}>{count(known.failed)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {link.ports.length > shownPorts && <p class="quiet">and {count(link.ports.length - shownPorts)} more: the export has all</p>}
      </section>
      <CopyQuery query={promql(link)} />
    </>
  );
}

function EndButton({ node }: { node: GraphNode }) {
  return <button type="button" class="plain" onClick={() => update({ selected: node.key })}><bdi class="whole">{visible(node.name)}</bdi></button>;
}

function seenBy(link: GraphLink): string {
  const sides = new Set(link.ports.map((port) => (port.now ?? port.before)?.seenBy));
  if (sides.has('both') || sides.size > 1) {
    return 'Counted at both ends.';
  }

  return sides.has('client') ? 'Counted at the client’s end; the server runs where no agent sees it.' : 'Counted at the server’s end; the client runs where no agent sees it.';
}
