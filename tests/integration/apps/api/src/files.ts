import { getApplicationFiles, getNftFiles, getPersonalFiles, type ReadOptions } from '@proven-network/files';
import { run, runOnHttp } from '@proven-network/handler';
import { getApplicationStore, type NftId } from '@proven-network/kv';

const files = getApplicationFiles();
const own = getPersonalFiles();
const nft = getNftFiles();
const store = getApplicationStore('beside files');

export const write = run((path: string, content: string | Uint8Array, contentType?: string) =>
  files.write(path, content, { contentType }),
);
export const read = run((path: string, options?: ReadOptions) => files.read(path, options));
export const readText = run((path: string) => files.readText(path));
export const append = run((path: string, content: string) => files.append(path, content));
export const stat = run((path: string) => files.stat(path));
export const list = run(async (directory?: string) => (await files.list(directory)).map(({ path }) => path));
export const remove = run((path: string, recursive?: boolean) => files.remove(path, { recursive }));
export const rename = run((from: string, to: string) => files.rename(from, to));
export const mkdir = run((path: string) => files.mkdir(path));

export const writeOwn = run((path: string, content: string) => own.write(path, content));
export const readOwn = run((path: string) => own.readText(path));
export const nftRoundTrip = run(async (resource: string, id: NftId) => {
  await nft.write(resource, id, 'a.txt', 'of the NFT');
  return await nft.readText(resource, id, 'a.txt');
});

// A file of any size, made and measured a chunk at a time.
export const writeStreamed = run(async (path: string, chunks: number, size: number) => {
  const writer = files.writeStream(path).getWriter();
  for (let i = 0; i < chunks; i++) await writer.write(new Uint8Array(size).fill(i));
  await writer.close();
  return await files.stat(path);
});
export const measureStreamed = run(async (path: string) => {
  let size = 0;
  let chunks = 0;
  for await (const chunk of await files.readStream(path)) {
    size += chunk.length;
    chunks++;
  }
  return { size, chunks };
});
export const abandonWrite = run(async (path: string) => {
  const writer = files.writeStream(path).getWriter();
  await writer.write(new Uint8Array([1, 2, 3]));
  await writer.abort(new Error('changed my mind')).catch(() => {});
  return await files.stat(path);
});
export const failingSource = run(async (path: string) => {
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(10));
      controller.error(new Error('the source broke'));
    },
  });
  try {
    await files.write(path, source);
  } catch (error) {
    return [(error as Error).message, await files.stat(path)];
  }
});
export const writeStreamRefused = run(async () => {
  const writer = files.writeStream('../outside').getWriter();
  await writer.write(new Uint8Array(1)).catch(() => {});
  await writer.close();
});
export const readBeginning = run(async (path: string) => {
  const reader = (await files.readStream(path)).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return value?.length;
});
export const writeWithStore = run((path: string, fail: boolean) =>
  files.transaction(async (tx) => {
    await tx.use(files).write(path, 'inside');
    await tx.use(store).set('path', path);
    if (fail) throw new Error('changed my mind');
  }),
);
export const pathInStore = run(() => store.get('path'));
// deno-lint-ignore no-explicit-any
export const writeAnything = run((content: any) => files.write('anything', content));

export const upload = runOnHttp({ path: '/upload', method: 'POST' }, async ({ request }) => {
  return await files.write('uploaded', request.body ?? '');
});
