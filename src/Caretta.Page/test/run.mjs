// Runs the tests in node: `make -C src/Caretta.Page test`. They are bundled first, as the page is.
import { build } from 'esbuild';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'caretta-page-test-'));
try {
  const names = readdirSync(here).filter((name) => name.endsWith('.test.ts'));
  await build({
    entryPoints: names.map((name) => join(here, name)),
    bundle: true,
    outdir: out,
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    platform: 'node',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  });
  let failed = 0;
  const results = run({ files: names.map((name) => join(out, name.replace(/\.ts$/, '.mjs'))), concurrency: true });
  results.on('test:pass', ({ name, nesting }) => nesting === 0 && console.log(`ok - ${name}`));
  results.on('test:fail', ({ name, nesting, details }) => {
    if (nesting === 0) {
      failed++;
      console.log(`not ok - ${name}`);
      console.log(String(details.error?.cause?.stack ?? details.error).replace(/^/gm, '  '));
    }
  });
  await new Promise((resolve) => {
    results.on('end', resolve);
    results.resume();
  });
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  rmSync(out, { recursive: true, force: true });
}
