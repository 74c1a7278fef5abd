// A real VictoriaMetrics that scrapes agents, or is given series.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start, until } from './machine.mjs';

/**
 * Starts a store on a port with its data in a directory; started again with both the same, it knows what it knew. Of links it keeps those of
 * the ports named: who else talks on this machine must not fill it.
 */
export async function startStore({ port, directory, agents = [], ports = [] }) {
  const config = join(directory, 'scrape.json');
  const targets = agents.map(({ port: agentPort, node }) => ({
    targets: [`127.0.0.1:${agentPort}`], labels: { caretta_node: node, caretta_pod: `caretta-${node}` },
  }));
  // YAML takes JSON.
  writeFileSync(config, JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [{
      job_name: 'caretta', static_configs: targets,
      // What is of no link has no port, and is kept too.
      metric_relabel_configs: [{ source_labels: ['server_port'], regex: ['', ...ports].join('|'), action: 'keep' }],
    }],
  }));
  const store = start('victoria-metrics', [
    `-storageDataPath=${join(directory, 'data')}`, `-httpListenAddr=127.0.0.1:${port}`, `-promscrape.config=${config}`,
    '-search.latencyOffset=1s', '-retentionPeriod=10y', '-memory.allowedBytes=256MB', '-loggerLevel=WARN',
  ]);
  const url = `http://127.0.0.1:${port}`;
  await until('the store answers', async () => {
    if (!store.isRunning()) {
      throw new Error(`it ended: ${store.output()}`);
    }

    return (await fetch(`${url}/health`)).ok;
  });
  return {
    ...store, url,
    /** Takes series in: each has labels, values and timestamps in milliseconds. */
    import: async (series) => {
      const lines = series.map((one) => JSON.stringify({ metric: one.labels, values: one.values, timestamps: one.timestamps }));
      const answer = await fetch(`${url}/api/v1/import`, { method: 'POST', body: lines.join('\n') });
      if (!answer.ok) {
        throw new Error(`the store refused series: ${answer.status} ${await answer.text()}`);
      }

      // What was taken in can be asked for once it is written out.
      await fetch(`${url}/internal/force_flush`);
    },
    /** Number of series that a selector finds now. */
    count: async (selector) => {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(`count(${selector})`)}`);
      const { data } = await answer.json();
      return Number(data.result[0]?.value[1] ?? 0);
    },
  };
}
