// Vite's development server for tests: `node dev.js <root>`. Prints its address; ends when its input does.
import { createServer } from 'vite';

import proven from '@proven-network/bundler/vite';

const [root, application] = process.argv.slice(2);
const server = await createServer({
  root,
  configFile: false,
  logLevel: 'error',
  cacheDir: `${root}/.vite`,
  plugins: [proven(application === undefined ? {} : { application })],
  server: { host: 'localhost', port: 0 },
});
await server.listen();
process.stdout.write(`${server.resolvedUrls.local[0]}\n`);
process.stdin.on('end', () => server.close().then(() => process.exit())).resume();
