// A small shop of real processes: units, containers and plain processes, told apart as on any machine, by their control groups. They talk
// in a network namespace of their own, so that ports are those that everybody knows and nothing depends on the machine's network.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { start, until } from './machine.mjs';

/** Where the cgroup v2 tree is mounted: proc(5), mountinfo, the type comes after " - ". */
function cgroupMount() {
  const line = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').find((one) => one.includes(' - cgroup2 '));
  if (!line) {
    throw new Error('no cgroup v2 tree is mounted');
  }

  return line.split(' ')[4];
}

/** An address of a network for documentation (RFC 5737): in the shop's namespace all connects to it are refused. */
export const nobody = '203.0.113.9';

/** The port of each server. */
export const ports = { web: 80, store: 8080, cart: 7070, search: 9200, payments: 8443, cache: 6379, database: 5432, queue: 9092 };

let shops = 0;

/** Opens the shop. */
export async function startShop() {
  const root = cgroupMount();
  const namespace = `caretta-page-${process.pid}-${shops++}`;
  const groups = [];
  const parties = [];
  const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });

  const group = (segment) => {
    const path = join(root, segment);
    mkdirSync(path, { recursive: true });
    groups.push(path);
    return path;
  };
  const unit = (name) => group(`${name}.service`);
  const container = (name) => group(`lxc.payload.${name}`);
  const party = async (name, cgroup, rest) => {
    // Not `ip netns exec`, which hides the control groups behind another /sys.
    const what = JSON.stringify({ name, cgroup, ...rest });
    const one = start('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, join(import.meta.dirname, 'party.mjs'), what]);
    parties.push(one);
    await until(`${name} listens`, () => {
      if (!one.isRunning()) {
        throw new Error(one.output());
      }

      return one.output().includes('ready');
    });
    return one;
  };
  const to = (name, everyMs, request, response, more = {}) => ({ host: '127.0.0.1', port: ports[name], everyMs, request, response, ...more });
  // Processes that nobody put anywhere belong to the root, whatever group runs the test.
  const plain = (name, rest) => party(name, root, rest);

  const stop = async () => {
    await Promise.all(parties.map((one) => one.stop('SIGKILL')));
    for (const path of groups) {
      await until(`${path} is empty`, () => {
        if (existsSync(path)) { // another shop on this machine has the same groups, and may have closed
          rmdirSync(path);
        }

        return true;
      });
    }

    ip('netns', 'delete', namespace);
  };

  ip('netns', 'add', namespace);
  try {
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', namespace, 'address', 'add', `${nobody}/32`, 'dev', 'lo');
    await party('postgres', unit('postgresql'), { listen: [ports.database] });
    await party('redis', container('redis'), { listen: [ports.cache] });
    await party('broker', container('broker'), { listen: [ports.queue] });
    await party('search', container('search'), { listen: [ports.search], calls: [to('database', 300, 200, 4000, { keep: true })] });
    await party('payments', container('payments'), {
      listen: [ports.payments],
      calls: [to('queue', 500, 900, 20, { keep: true }), { host: nobody, port: 443, everyMs: 700, request: 100, response: 100 }],
    });
    await party('cart', container('cart'), { listen: [ports.cart], calls: [to('cache', 60, 60, 900, { keep: true }), to('database', 400, 300, 800)] });
    await party('store', container('store'), {
      listen: [ports.store],
      calls: [
        to('cart', 150, 250, 1500), to('search', 250, 120, 9000), to('payments', 600, 700, 200), to('cache', 80, 60, 2500, { keep: true }),
        to('database', 200, 400, 24_000, { keep: true }),
      ],
    });
    await party('nginx', unit('nginx'), { listen: [ports.web], calls: [to('store', 90, 500, 30_000)] });
    await plain('browser', { calls: [to('web', 200, 400, 60_000)] });
    await plain('probe', { calls: [to('web', 1000, 80, 120)] });
    await party('reports', unit('reports'), { calls: [to('queue', 450, 40, 700, { keep: true })] });
  } catch (error) {
    await stop();
    throw error;
  }

  return { party, plain, to, stop };
}
