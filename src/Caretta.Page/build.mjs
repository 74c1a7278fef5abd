// Bundles the page: dist/NAME.gz for every file that the agent serves. The same sources give the same bytes.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const out = process.argv[2] ?? 'dist';
const maxBytes = 150 * 1024; // of all files together, compressed
const result = await build({
  entryPoints: { map: 'src/main.tsx', layout: 'src/layout/worker.ts', style: 'src/style.css' },
  bundle: true,
  minify: true,
  write: false,
  outdir: 'out',
  format: 'iife',
  target: ['chrome110', 'firefox110', 'safari16'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
});

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
let total = 0;
const files = result.outputFiles.map((file) => [file.path.split('/').pop(), file.contents]);
for (const [name, contents] of [...files, ['index.html', readFileSync('src/index.html')]]) {
  const packed = gzipSync(contents, { level: 9 });
  packed[9] = 255; // the operating system: unknown, so that every machine writes the same
  total += packed.length;
  writeFileSync(join(out, `${name}.gz`), packed);
}

if (total > maxBytes) {
  console.error(`the page is ${total} bytes compressed, ${maxBytes} are allowed`);
  process.exit(1);
}
