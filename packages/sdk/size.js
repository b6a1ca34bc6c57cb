// Print what the SDK adds to a page, as a bundler delivers it, minified and compressed: the main entry, and what it
// loads when the log is asked.
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 25_000;

const { outputFiles, metafile } = await build({
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
  entryPoints: ['dist/index.js'],
  outdir: 'out',
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
  metafile: true,
});
const contents = new Map(outputFiles.map(({ path, contents }) => [path.replaceAll('\\', '/').split('/').pop(), contents]));

/** The names of an output and of all that it imports at once. */
function loaded(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const { path: imported, kind } of metafile.outputs[path].imports) {
    if (kind === 'import-statement') loaded(imported, found);
  }
  return found;
}

function print(name, paths, limit) {
  const files = [...paths].map((path) => contents.get(path.split('/').pop()));
  const size = files.reduce((sum, file) => sum + file.length, 0);
  const compressed = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  const bound = limit === undefined ? '' : ` (limit ${limit})`;
  console.log(`${name}: ${size} bytes minified, ${compressed} bytes gzip${bound}`);
  return compressed;
}

const main = loaded('out/index.js');
const later = Object.keys(metafile.outputs).filter((path) => !main.has(path));
if (print('@proven-network/sdk', main, LIMIT) > LIMIT) process.exitCode = 1;
print('what it loads to ask the log', later);
