// Build `dist/`: one ES module per source, and its declarations beside it.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const typescript = createRequire(import.meta.url).resolve('typescript/package.json');

rmSync(`${folder}dist`, { recursive: true, force: true });
execFileSync(process.execPath, [typescript.replace(/package\.json$/, 'bin/tsc'), '-p', folder], { stdio: 'inherit' });
