// Builds a front end for tests: `node build.js <bundler> <app's folder> <entry> <output folder>`. Errors go to stderr.
import { parseArgs } from 'node:util';

import nodeResolve from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import { build as viteBuild } from 'vite';
import webpack from 'webpack';

import provenEsbuild from '@proven-network/bundler/esbuild';
import provenRollup from '@proven-network/bundler/rollup';
import provenVite from '@proven-network/bundler/vite';
import provenWebpack from '@proven-network/bundler/webpack';

const typescript = {
  name: 'typescript',
  transform: (code, id) => (id.endsWith('.ts') ? esbuild.transform(code, { loader: 'ts', sourcemap: true }) : null),
};

const BUNDLERS = {
  async vite(folder, entry, output, options) {
    await viteBuild({
      root: folder,
      configFile: false,
      logLevel: 'error',
      plugins: [provenVite(options)],
      worker: { format: 'es' },
      build: { outDir: output, sourcemap: true, minify: false, rolldownOptions: { input: entry, output: { entryFileNames: 'main.js' } } },
    });
  },
  async rollup(folder, entry, output, options) {
    const resolve = nodeResolve({ extensions: ['.ts', '.js'] });
    const bundle = await rollup({ input: entry, plugins: [resolve, typescript, provenRollup(options)], onwarn: () => {} });
    await bundle.write({ dir: output, sourcemap: true, entryFileNames: 'main.js' });
  },
  async esbuild(folder, entry, output, options) {
    await esbuild.build({
      absWorkingDir: folder,
      entryPoints: { main: entry },
      outdir: output,
      bundle: true,
      format: 'esm',
      sourcemap: true,
      logLevel: 'silent',
      plugins: [provenEsbuild(options)],
    });
  },
  async webpack(folder, entry, output, options) {
    const compiler = webpack({
      mode: 'development',
      devtool: 'source-map',
      context: folder,
      entry: { main: entry },
      output: { path: output },
      plugins: [provenWebpack(options)],
    });
    const stats = await new Promise((resolve, reject) => compiler.run((error, done) => (error ? reject(error) : resolve(done))));
    await new Promise((resolve) => compiler.close(resolve));
    if (stats.hasErrors()) throw new Error(stats.compilation.errors.map((error) => error.message).join('\n'));
  },
};

const { positionals, values } = parseArgs({ allowPositionals: true, options: { root: { type: 'string' }, include: { type: 'string' } } });
const [bundler, folder, entry, output] = positionals;
const options = {
  ...(values.root === undefined ? {} : { root: values.root }),
  ...(values.include === undefined ? {} : { include: new RegExp(values.include) }),
};
try {
  await BUNDLERS[bundler](folder, entry, output, options);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
