import { getApplicationFiles } from '@proven-network/files';
import { runOnHttp } from '@proven-network/handler';

const files = getApplicationFiles();

const json = (value: unknown, status = 200): Response => Response.json(value, { status });
const missing = (): Response => json({ error: 'there is no such file' }, 404);

// The body streams through: a file of any size passes without ever being in memory.
export const upload = runOnHttp(
  { path: '/files/:name', method: 'PUT', timeout: 300_000 },
  async ({ pathParameters, request }) => {
    const contentType = request.headers.get('content-type') ?? undefined;
    const { size, sha256 } = await files.write(pathParameters.name, request.body ?? '', { contentType });
    return json({ size, sha256 }, 201);
  },
);

export const download = runOnHttp(
  { path: '/files/:name', method: 'GET', timeout: 300_000 },
  async ({ pathParameters: { name } }) => {
    const stat = await files.stat(name);
    if (stat === undefined || stat.isDirectory) return missing();
    return new Response(await files.readStream(name), {
      headers: {
        'content-type': stat.contentType ?? 'application/octet-stream',
        'content-length': String(stat.size),
        'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
        'x-content-type-options': 'nosniff',
        etag: `"${stat.sha256}"`,
      },
    });
  },
);

export const list = runOnHttp({ path: '/files', method: 'GET' }, async () => {
  const listed = await files.list();
  return listed.map(({ path, size, sha256, modified }) => ({ path, size, sha256, modified }));
});

export const remove = runOnHttp({ path: '/files/:name', method: 'DELETE' }, async ({ pathParameters }) => {
  return (await files.remove(pathParameters.name)) ? new Response(null, { status: 204 }) : missing();
});
