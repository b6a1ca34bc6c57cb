// Print what the SDK adds to a page: the main entry as a bundler delivers it, minified and compressed.
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 25_000;

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('dist/index.js', import.meta.url))],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});
const [{ contents }] = outputFiles;
const compressed = gzipSync(contents, { level: 9 }).length;
console.log(`@proven-network/sdk: ${contents.length} bytes minified, ${compressed} bytes gzip (limit ${LIMIT})`);
process.exitCode = compressed > LIMIT ? 1 : 0;
