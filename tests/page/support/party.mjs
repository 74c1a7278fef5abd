// One party of the traffic, a process of its own: listens on ports, calls others again and again. The first argument says what, as JSON:
// { name, cgroup?, listen: [port], calls: [{ host, port, everyMs, request, response, keep?, times? }] }.
// A request is its own length and the length of the answer, 4 bytes each, filled up to its length. Prints "ready" once all ports listen.

import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const { name, cgroup, listen = [], calls = [] } = JSON.parse(process.argv[2]);
process.title = name; // the name of a process that is in no unit and no container
if (cgroup) {
  writeFileSync(`${cgroup}/cgroup.procs`, String(process.pid));
}

function answer(socket) {
  let waiting = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    waiting = Buffer.concat([waiting, data]);
    while (waiting.length >= 8 && waiting.length >= waiting.readUInt32BE(0)) {
      socket.write(Buffer.alloc(waiting.readUInt32BE(4), 'a'));
      waiting = waiting.subarray(waiting.readUInt32BE(0));
    }
  });
  socket.on('end', () => socket.end());
}

function ask(socket, { request, response }) {
  const message = Buffer.alloc(Math.max(8, request), 'q');
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(response, 4);
  socket.write(message);
}

function call(target) {
  let left = target.times ?? Infinity;
  if (target.keep) {
    const socket = connect(target.port, target.host, () => {
      const timer = setInterval(() => {
        if (left-- > 0) {
          ask(socket, target);
        } else {
          clearInterval(timer);
        }
      }, target.everyMs);
    });
    socket.on('data', () => {});
    socket.on('error', () => setTimeout(() => call(target), 200));
    return;
  }

  const timer = setInterval(() => {
    if (left-- <= 0) {
      clearInterval(timer);
      return;
    }

    let got = 0;
    const socket = connect({ port: target.port, host: target.host, timeout: 5000 }, () => ask(socket, target));
    socket.on('data', (data) => {
      got += data.length;
      if (got >= target.response) {
        socket.end();
      }
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => socket.destroy());
  }, target.everyMs);
}

await Promise.all(listen.map((port) => new Promise((ready) => createServer({ allowHalfOpen: true }, answer).listen(port, '127.0.0.1', ready))));
console.log('ready');
calls.forEach(call);
process.stdin.resume();
process.stdin.on('end', () => process.exit()); // with the test
