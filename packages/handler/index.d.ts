/** Any function whose arguments and result structured clone carries. */
// deno-lint-ignore no-explicit-any
type Handler = (...args: any[]) => any;

/**
 * A handler as its callers see it: a page calls it over a session, so what it returns is a promise in any case.
 * A function that is asynchronous already keeps its exact type. Inside the node, `await` what another handler
 * returns: the same is true there, or harmless.
 */
export type AsyncFunction<T extends Handler> = [ReturnType<T>] extends [never]
  ? (...args: Parameters<T>) => Promise<never>
  : ReturnType<T> extends Promise<unknown>
    ? T
    : (...args: Parameters<T>) => Promise<Awaited<ReturnType<T>>>;

export interface HandlerOptions {
  /** Origins (`https://host[:port]`, compared exactly) that `fetch` may reach. Default: none. */
  allowedOrigins?: string[];
  /** Longest run, in milliseconds. */
  timeout?: number;
  /** Heap limit, in MiB. */
  memory?: number;
}

export interface RpcHandlerOptions extends HandlerOptions {
  /** Who may call: anyone, callers with an identity, or the application's owner. Default: anyone. */
  access?: 'anyone' | 'identified' | 'owner';
}

/** Run `fn` when a client calls this export. */
export function run<T extends Handler>(fn: T): AsyncFunction<T>;
export function runWithOptions<T extends Handler>(options: RpcHandlerOptions, fn: T): AsyncFunction<T>;

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS';

/** `{ id: string }` for `/users/:id`. */
export type ExtractPathVariables<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? { [K in Name | keyof ExtractPathVariables<`/${Rest}`>]: string }
  : Path extends `${string}:${infer Name}`
    ? { [K in Name]: string }
    : Record<string, never>;

export interface HttpRequest<Path extends string = string> {
  /** The whole body; absent when there is none. Use `request.body` to stream a large one. */
  body?: Uint8Array;
  /** Names in lower case. */
  headers: Record<string, string>;
  method: HttpMethod;
  path: string;
  pathParameters: ExtractPathVariables<Path>;
  queryParameters: Record<string, string>;
  request: Request;
}

export interface CorsOptions {
  /** Origins whose pages may call this route; `*` for all. */
  origins: string[];
  headers?: string[];
  credentials?: boolean;
  /** How long a browser may remember the answer, in seconds. */
  maxAge?: number;
}

export interface HttpHandlerOptions<Path extends string> extends HandlerOptions {
  /** `:name` matches one segment. */
  path: Path;
  /** Default: any method. */
  method?: HttpMethod;
  cors?: CorsOptions;
  /** `'always'` signs every response; those whose request asks for it are signed anyway. */
  attestation?: 'always' | 'request';
}

/** Run `fn` on an HTTP request. A `Response` is sent as it is; any other result as JSON with status 200. */
export function runOnHttp<Path extends string, Result>(
  options: HttpHandlerOptions<Path>,
  fn: (request: HttpRequest<Path>) => Result,
): (request: HttpRequest<Path>) => Result;

export interface ScheduleHandlerOptions extends HandlerOptions {
  /** Five fields: minute, hour, day of month, month, day of week. */
  cron: string;
  /** IANA name. Default: UTC. */
  timezone?: string;
}

export function runOnSchedule<T extends Handler>(options: ScheduleHandlerOptions, fn: T): T;

export interface EventHandlerOptions extends HandlerOptions {
  event: string;
  /** Id of the application that publishes. Default: this one. */
  application?: string;
}

export function runOnEvent<T extends Handler>(options: EventHandlerOptions, fn: T): T;
export const runOnProvenEvent: typeof runOnEvent;

export type RadixEventHandlerOptions = HandlerOptions &
  ({ eventEmitter?: string; eventName: string } | { eventEmitter: string; eventName?: string });

export function runOnRadixEvent<T extends Handler>(options: RadixEventHandlerOptions, fn: T): T;

export interface EthereumEventHandlerOptions extends HandlerOptions {
  network: 'mainnet' | 'sepolia' | 'holesky';
  address?: string;
  abi?: unknown;
  topic?: string;
  confirmations?: number;
}

export function runOnEthereumEvent<T extends Handler>(options: EthereumEventHandlerOptions, fn: T): T;

export interface BitcoinEventHandlerOptions extends HandlerOptions {
  network: 'mainnet' | 'testnet';
  address?: string;
  confirmations?: number;
}

export function runOnBitcoinEvent<T extends Handler>(options: BitcoinEventHandlerOptions, fn: T): T;

/**
 * Run `fn` before calls go to a new version. If it throws, returns `false` or takes too long, they never do. It finds
 * storage that is empty but for the version's migrations, and what it stores is gone afterwards.
 */
export function runOnHealthCheck<T extends () => unknown>(options: HandlerOptions, fn: T): T;
