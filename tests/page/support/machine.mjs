// Processes, ports and directories of a test, all gone at its end.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../../..');
export const artifacts = join(repository, 'artifacts');

/** Waits until the function gives something true, and gives that. What it throws on the way is told if the time runs out. */
export async function until(what, condition, seconds = 30) {
  const end = performance.now() + seconds * 1000;
  let last = 'never true';
  for (;;) {
    try {
      const value = await condition();
      if (value) {
        return value;
      }
    } catch (error) {
      last = error.message;
    }

    if (performance.now() > end) {
      throw new Error(`waited ${seconds} s in vain until ${what}: ${last}`);
    }

    await new Promise((next) => setTimeout(next, 50));
  }
}

/** A port that nobody listens on. */
export function freePort() {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

/** A directory, and what takes it away. */
export function temporaryDirectory(name) {
  const path = mkdtempSync(join(tmpdir(), `caretta-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) };
}

// Whatever happens, nothing stays behind.
const running = new Set();
process.once('exit', () => running.forEach((kill) => kill()));

/** A process whose output is kept; `stop` ends it and waits for its end. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  let output = '';
  const keep = (data) => {
    output = (output + data).slice(-16_384);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise((end) => {
    child.once('error', (error) => {
      keep(String(error));
      end();
    });
    child.once('exit', end);
  });
  const killed = () => child.kill('SIGKILL');
  running.add(killed);
  ended.then(() => running.delete(killed));
  return {
    child,
    output: () => output,
    isRunning: () => child.exitCode === null && child.signalCode === null && child.pid !== undefined,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      const late = setTimeout(killed, 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}
