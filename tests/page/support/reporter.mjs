// For node's test runner: "ok - NAME" or "not ok - NAME" for each test, what failed, and what tests measured.

const isSuite = (data) => data.details.type === 'suite';

export default async function* lines(source) {
  for await (const { type, data } of source) {
    if (type === 'test:pass' && !isSuite(data)) {
      // A skipped or unfinished test proves nothing.
      const proven = data.skip === undefined && data.todo === undefined;
      yield `${proven ? 'ok' : 'not ok'} - ${data.name}\n`;
    } else if (type === 'test:fail' && (!isSuite(data) || data.details.error.failureType !== 'subtestsFailed')) {
      const error = data.details.error.cause ?? data.details.error;
      yield `not ok - ${data.name}\n${String(error.stack ?? error).replace(/^/gm, '    ')}\n`;
    } else if (type === 'test:diagnostic' && data.nesting > 0) {
      yield `# ${data.message}\n`;
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      yield data.message;
    }
  }
}
