// A real agent, as published.

import { join } from 'node:path';
import { artifacts, start, until } from './machine.mjs';

/** Starts an agent and waits for its first poll. */
export async function startAgent({ port, store, map = true, name = 'node-1' }) {
  const agent = start(join(artifacts, 'caretta'), [], {
    env: {
      PATH: process.env.PATH, PROMETHEUS_PORT: String(port), POLL_INTERVAL: '0.5', NODE_NAME: name,
      // Whatever else comes and goes on this machine must not crowd out what the test looks at.
      MAX_LINKS: '50000', LINK_TTL: '15',
      ...(store === undefined ? {} : { PROMETHEUS_URL: store }), ...(map ? {} : { MAP: 'false' }),
    },
  });
  try {
    await until('the agent is ready', async () => {
      if (!agent.isRunning()) {
        throw new Error(`it ended: ${agent.output()}`);
      }

      return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
    });
  } catch (error) {
    await agent.stop('SIGKILL');
    throw error;
  }

  return { ...agent, port, url: `http://127.0.0.1:${port}` };
}
