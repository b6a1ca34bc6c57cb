// Build `dist/`: for each page a folder with one readable script, its styles and its document.
import { build } from 'esbuild';
import { cp, rm } from 'node:fs/promises';

const folder = new URL('.', import.meta.url).pathname;
const pages = [
  { name: 'sign-in', script: 'sign-in.ts', styles: 'sign-in.css', documents: ['frame.html'] },
  { name: 'console', script: 'console.ts', styles: 'console.css', documents: ['index.html', 'icon.svg'] },
];

for (const { name, script, styles, documents } of pages) {
  await rm(`${folder}dist/${name}`, { recursive: true, force: true });
  await build({
    absWorkingDir: folder,
    entryPoints: [`${name}/${script}`, `${name}/${styles}`],
    outdir: `dist/${name}`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'inline',
  });
  for (const document of documents) await cp(`${folder}${name}/${document}`, `${folder}dist/${name}/${document}`);
}
