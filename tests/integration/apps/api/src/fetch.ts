import { run, runWithOptions } from '@proven-network/handler';

const summary = async (response: Response) => ({
  status: response.status,
  statusText: response.statusText,
  ok: response.ok,
  url: response.url,
  redirected: response.redirected,
  header: response.headers.get('x-answer'),
  body: await response.text(),
});

// The test's server listens here, under a name only the test's resolver knows.
export const ask = runWithOptions(
  { allowedOrigins: ['http://server.example:8080'] },
  async (path: string, init?: RequestInit) =>
    await summary(await fetch(`http://server.example:8080${path}`, init)),
);
export const askWithRequest = runWithOptions({ allowedOrigins: ['http://server.example:8080'] }, async () => {
  const request = new Request('http://server.example:8080/echo', {
    method: 'PUT',
    body: 'from a Request',
    headers: { 'x-ask': 'yes' },
  });
  return await summary(await fetch(request));
});
export const askAnywhere = runWithOptions(
  { allowedOrigins: ['http://server.example:8080', 'http://internal.example:8080', 'http://127.0.0.1:8080'] },
  async (url: string) => {
    try {
      return await summary(await fetch(url));
    } catch (error) {
      const { name, message, code } = error as Error & { code?: string };
      return { name, message, code };
    }
  },
);
export const askWithoutPermission = run(() => fetch('http://server.example:8080/'));
export const upload = runWithOptions(
  { allowedOrigins: ['http://server.example:8080'] },
  async (chunks: number, size: number) => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < chunks) controller.enqueue(new Uint8Array(size));
        else controller.close();
      },
    });
    return await summary(await fetch('http://server.example:8080/length', { method: 'POST', body }));
  },
);
export const download = runWithOptions({ allowedOrigins: ['http://server.example:8080'] }, async (size: number) => {
  const response = await fetch(`http://server.example:8080/bytes/${size}`);
  let received = 0;
  for await (const chunk of response.body!) received += chunk.length;
  return received;
});
export const json = runWithOptions({ allowedOrigins: ['http://server.example:8080'] }, async () => {
  const response = await fetch('http://server.example:8080/json');
  return await response.json();
});
export const abort = runWithOptions({ allowedOrigins: ['http://server.example:8080'] }, async (path: string) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  try {
    const response = await fetch(`http://server.example:8080${path}`, { signal: controller.signal });
    await response.text();
  } catch (error) {
    return (error as Error).name;
  }
});
export const abortedBefore = runWithOptions({ allowedOrigins: ['http://server.example:8080'] }, async () => {
  try {
    await fetch('http://server.example:8080/', { signal: AbortSignal.abort() });
  } catch (error) {
    return (error as Error).name;
  }
});
export const timeout = runWithOptions({ allowedOrigins: ['http://server.example:8080'] }, async () => {
  try {
    await fetch('http://server.example:8080/hang', { signal: AbortSignal.timeout(20) });
  } catch (error) {
    return (error as Error).name;
  }
});
