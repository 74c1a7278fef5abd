// Series as agents would have left them in a store, for clusters larger than a test can run.

/** FNV-1a 32, as the ids of links are made. */
function fnv1a(text) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }

  return String(hash);
}

/** The same figures every time (a linear congruential generator; only spread matters here). */
export function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Series of links that move evenly. A link is { client, server, port, rate, failing? }, an end { name, namespace, kind }; samples are
 * `step` seconds apart from `from` to `to` (seconds since 1970), counted from `epoch`, so that a later call goes on where one ended.
 */
export function seriesOf(links, { from, to, step = 15, epoch = from }) {
  const timestamps = [];
  for (let time = from; time <= to; time += step) {
    timestamps.push(time * 1000);
  }

  const series = [];
  for (const { client, server, port, rate, failing = false } of links) {
    for (const role of ['1', '2']) {
      if (failing && role === '2') {
        continue;
      }

      const labels = {
        client_name: client.name, client_namespace: client.namespace, client_kind: client.kind, client_id: fnv1a(client.name + client.namespace),
        server_name: server.name, server_namespace: server.namespace, server_kind: server.kind, server_id: fnv1a(server.name + server.namespace),
        server_port: String(port), role, link_id: fnv1a(client.name + client.namespace + server.name + server.namespace) + role,
        job: 'caretta', instance: '10.0.0.1:7117', caretta_node: 'node-1', caretta_pod: 'caretta-1',
      };
      const grow = (name, perSecond) => series.push({
        labels: { __name__: name, ...labels }, timestamps, values: timestamps.map((time) => Math.round((time / 1000 - epoch + 1) * perSecond)),
      });
      const bytes = failing ? 0 : rate * (role === '1' ? 0.2 : 0.8);
      grow('caretta_links_observed', bytes);
      grow('caretta_link_received_bytes_total', failing ? 0 : rate - bytes);
      grow('caretta_link_connections_opened_total', failing ? 0 : 0.1 + rate / 1e5);
      grow('caretta_link_connections_closed_total', failing ? 0 : rate / 1e5);
      if (failing) {
        grow('caretta_link_connections_failed_total', 0.5);
      }

      series.push({ labels: { __name__: 'caretta_link_connections', ...labels }, timestamps, values: timestamps.map(() => (failing ? 0 : 1)) });
    }
  }

  return series;
}

/** A cluster: workloads in namespaces of twenty, links mostly within a namespace and to a few that everybody uses. */
export function cluster(workloads, links, seed = 1) {
  const random = numbers(seed);
  const kinds = ['Deployment', 'Deployment', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'];
  const nodes = Array.from({ length: workloads }, (_, index) => (index < workloads / 50
    ? { name: `203.0.113.${index}`, namespace: 'external', kind: 'external' }
    : { name: `service-${index}`, namespace: `team-${Math.floor(index / 20)}`, kind: kinds[index % kinds.length] }));
  const pairs = new Map();
  // Everybody once, so that all are there.
  for (let index = 0; pairs.size < links; index++) {
    const client = index < workloads ? index : Math.floor(random() * workloads);
    const popular = random() < 0.15;
    const near = Math.floor(client / 20) * 20 + Math.floor(random() * 20);
    const server = Math.min(workloads - 1, popular ? Math.floor(random() * workloads / 20) * 20 : near);
    if (client !== server) {
      pairs.set(`${client} ${server}`, { client, server });
    }
  }

  return [...pairs.values()].map(({ client, server }, index) => ({
    client: nodes[client], server: nodes[server], port: 8000 + index % 5, rate: 10 ** (1 + random() * 5), failing: index % 97 === 0,
  }));
}
