// Build `dist/`: one readable ES module per entry, what they share beside them, and declarations.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const dist = process.argv[2] ?? `${folder}dist`;
const typescript = fileURLToPath(import.meta.resolve('typescript/package.json'));

await rm(dist, { recursive: true, force: true });
const { outputFiles } = await build({
  absWorkingDir: folder,
  entryPoints: ['index', 'stub', 'react', 'preact', 'identity', 'log'].map((name) => `src/${name}.ts`),
  outdir: dist,
  bundle: true,
  splitting: true,
  chunkNames: 'shared-[hash]',
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  write: false,
  external: ['react', '@preact/signals-core'],
});
await mkdir(dist, { recursive: true });
for (const { path, text } of outputFiles) {
  // No module does anything when it is loaded, so imports of nothing say nothing.
  await writeFile(path, text.replace(/^import "\.\/shared-\w+\.js";\n/gm, ''));
}
execFileSync(
  process.execPath,
  [typescript.replace('package.json', 'bin/tsc'), '-p', folder, '--emitDeclarationOnly', '--declaration', '--outDir', dist],
  { stdio: 'inherit' },
);
