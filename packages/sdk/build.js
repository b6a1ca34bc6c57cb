// Build `dist/`: one readable ES module per entry, and declarations beside it.
import { build } from 'esbuild';
import { rm } from 'node:fs/promises';

const folder = new URL('.', import.meta.url).pathname;
await rm(`${folder}dist`, { recursive: true, force: true });
await build({
  absWorkingDir: folder,
  entryPoints: ['src/index.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
});
