// Reads handler modules for tests: a line of JSON in, `{folder, modules}`, and one out.
import { createInterface } from 'node:readline';

import { App } from '../../../packages/bundler/dist/app.js';
import { Problem } from '../../../packages/bundler/dist/errors.js';

function read(folder, modules) {
  const app = new App(folder);
  try {
    const handlers = modules.flatMap((path) => {
      const found = app.handlerModule(path)?.handlers ?? new Map();
      return [...found.values()].map(({ address, kind }) => ({ address, kind }));
    });
    return { handlers };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { refused: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { folder, modules } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(read(folder, modules))}\n`);
}
