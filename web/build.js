// Build `dist/`, or the folder given as an argument: for each page a folder with one readable script, its styles
// and its documents.
import { build } from 'esbuild';
import { cp, readdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';

const folder = new URL('.', import.meta.url).pathname;
const target = resolve(process.argv[2] ?? `${folder}dist`);
const pages = [
  { name: 'sign-in', script: 'sign-in.ts', styles: 'sign-in.css', documents: ['frame.html'] },
  { name: 'owner', script: 'owner.ts', styles: 'owner.css', documents: ['owner.html'] },
  { name: 'console', script: 'console.ts', styles: 'console.css', documents: ['index.html', 'icon.svg'] },
  {
    name: 'explorer',
    script: 'check.ts',
    styles: 'explorer.css',
    documents: (await readdir(`${folder}explorer`)).filter((name) => /\.(html|atom)$/.test(name)),
  },
];

for (const { name, script, styles, documents } of pages) {
  await rm(`${target}/${name}`, { recursive: true, force: true });
  await build({
    absWorkingDir: folder,
    entryPoints: [`${name}/${script}`, `${name}/${styles}`],
    outdir: `${target}/${name}`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'inline',
  });
  for (const document of documents) await cp(`${folder}${name}/${document}`, `${target}/${name}/${document}`);
}
