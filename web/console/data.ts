/** Reading the console's API. */

const BASE = '/console/api';

export type Query = Readonly<Record<string, string | number | null | undefined>>;

export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The address of a path below the API, which is also where its JSON can be read. */
export function address(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return `${BASE}${path}${text ? `?${text}` : ''}`;
}

export async function read<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address(path, query), signal ? { signal } : {});
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('UNAVAILABLE', 'the node does not answer; is it running?');
  }
  const body: unknown = await response.json();
  if (!response.ok) {
    const { code, message } = body as { code: string; message: string };
    throw new ApiError(code, message);
  }
  return body as T;
}

/** A path segment for an application's name or id. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}
