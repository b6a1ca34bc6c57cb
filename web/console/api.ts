// Made from `src/proven/gateway/console_records.py` by `python web/console/generate_api.py`.
//
// Times are Unix milliseconds, durations microseconds, sizes bytes.

/** One address of the API. `query` names what it takes; those that end in `?` may be left out. */
export interface Endpoint {
  path: string;
  query: string[];
  about: string;
}

/** Every address of the API. */
export interface Index {
  endpoints: Endpoint[];
}

/** One wall around application code; `reason` says why it is not active. */
export interface Layer {
  name: string;
  active: boolean;
  reason: string | null;
}

/** A process that runs one version of one application. */
export interface Process {
  application_id: string;
  application: string;
  package_id: string;
  pid: number;
  in_flight: number;
  queued: number;
  memory_bytes: number;
  cpu_seconds: number;
}

/** The node. `run` changes when it is started anew. `unhealthy` has a reason per part that does not work. `development_root` is the root certificate (PEM) of its evidence. A node can say anything about itself: what counts is evidence that somebody else checks. */
export interface Node {
  version: string;
  run: string;
  started_at: number;
  evidence: string;
  development_root: string;
  layers: Layer[];
  warm_processes: number;
  processes: Process[];
  unhealthy: Record<string, string>;
}

/** An application; `handlers` counts those of its live version. */
export interface ApplicationSummary {
  id: string;
  name: string;
  version: number;
  package_id: string | null;
  archived: boolean;
  created_at: number;
  changed_at: number;
  handlers: number;
}

/** Every application of the node, in order of creation. */
export interface Applications {
  applications: ApplicationSummary[];
}

/** One version there was. */
export interface Version {
  number: number;
  package_id: string;
  at: number;
  rolled_back_to: number | null;
}

/** One parameter of a handler as its source has it. */
export interface Parameter {
  name: string;
  type: string | null;
  optional: boolean;
  rest: boolean;
}

/** One handler. `runs` is false for kinds that this node does not run; `parameters` null if not known. */
export interface Handler {
  address: string;
  module: string;
  export: string;
  kind: string;
  runs: boolean;
  access: string;
  method: string | null;
  path: string | null;
  trigger: string | null;
  timeout_ms: number | null;
  memory_mib: number | null;
  allowed_origins: string[];
  parameters: Parameter[] | null;
}

/** An application with its versions (the latest first, 200 at most) and its live handlers. `page` says that it answers browsers: by front-end files, or a handler of `/`. */
export interface Application {
  id: string;
  name: string;
  version: number;
  package_id: string | null;
  archived: boolean;
  page: boolean;
  created_at: number;
  owner: string;
  versions: Version[];
  handlers: Handler[];
  storage_bytes: number;
}

/** How a call failed. `stack` is the handler's own. */
export interface Failure {
  code: string;
  message: string;
  stack: string | null;
}

/** One finished call of a handler. */
export interface CallEntry {
  kind: 'call';
  sequence: number;
  at: number;
  application_id: string;
  application: string;
  package_id: string;
  handler: string;
  handler_kind: string;
  identity: string | null;
  duration_us: number;
  error: Failure | null;
}

/** One line that a handler wrote to its console, or top-level code where `handler` is null. `dropped` counts lines that followed and were too many. */
export interface LogEntry {
  kind: 'log';
  sequence: number;
  at: number;
  application_id: string;
  application: string;
  package_id: string;
  handler: string | null;
  level: 'debug' | 'error' | 'info' | 'log' | 'warn';
  text: string;
  dropped: number;
}

/** What happened, oldest first. `missed` counts what was before `entries` and is no longer kept. */
export interface Activity {
  run: string;
  entries: (CallEntry | LogEntry)[];
  last: number;
  missed: number;
}

/** A stretch of time: how many calls ended in it, how many of them failed, how long they took. */
export interface Bucket {
  at: number;
  calls: number;
  errors: number;
  p50_us: number;
  p99_us: number;
}

/** One handler since the node started, and lately. Percentiles are exact to 6 percent. */
export interface HandlerStatistics {
  application_id: string;
  application: string;
  handler: string;
  calls: number;
  errors: number;
  p50_us: number;
  p99_us: number;
  recent: Bucket[];
}

/** Every handler that was called. The buckets of `recent` follow each other without gaps. */
export interface Statistics {
  bucket_seconds: number;
  handlers: HandlerStatistics[];
}

/** How long calls took, in microseconds, exact to 6 percent. */
export interface Latency {
  p50: number;
  p90: number;
  p99: number;
}

/** The calls of one handler in one package; `errors` has those that failed, by their code. `versions` are the latest with that package. */
export interface HandlerMetrics {
  handler: string;
  package_id: string | null;
  versions: number[];
  calls: number;
  errors: Record<string, number>;
  latency: Latency;
}

/** The calls that ended in one stretch of time. */
export interface MetricPoint {
  at: number;
  calls: number;
  failed: number;
  latency: Latency;
}

/** How the handlers of an application did, kept across restarts. `points` are `step_seconds` long, begin at `since`, follow each other without gaps, and are of the handler that was asked for, or of all. */
export interface Metrics {
  since: number;
  until: number;
  step_seconds: number;
  handlers: HandlerMetrics[];
  points: MetricPoint[];
}

/** A line of an application's log. Its sequences have no gaps. */
export interface LogLine {
  sequence: number;
  at: number;
  kind: 'console' | 'deploy' | 'dropped' | 'error' | 'kill' | 'node';
  level: 'debug' | 'error' | 'info' | 'log' | 'warn';
  text: string;
  handler: string | null;
  package_id: string | null;
  code: string | null;
  stack: string | null;
  dropped: number;
}

/** Lines of an application's log, oldest first. `next` is what to give as `after` for those behind them, of which there are some now if there is `more`; `missed` lines before these are not kept any more. */
export interface Log {
  lines: LogLine[];
  next: number;
  more: boolean;
  missed: number;
}

/** Whose data it is; its other fields are the query that names it. */
export interface Scope {
  scope: 'application' | 'nft' | 'personal';
  identity: string | null;
  resource: string | null;
  nft: string | null;
}

/** The scopes with data. `unnamed` counts those from before this node kept their names. */
export interface Scopes {
  scopes: Scope[];
  unnamed: number;
  storage_bytes: number;
}

/** A key-value store; `entries` is counted up to 10,000. */
export interface Store {
  kind: 'bytes' | 'key' | 'string';
  name: string;
  entries: number;
}

/** A table or view. */
export interface Table {
  name: string;
  kind: string;
  sql: string;
}

/** A SQL database. */
export interface Database {
  name: string;
  tables: Table[];
}

/** What one scope holds. */
export interface ScopeContent {
  scope: Scope;
  stores: Store[];
  databases: Database[];
  has_files: boolean;
}

/** The beginning of a value: as text if it is text, else in base64, neither where it is not shown. */
export interface Content {
  size: number;
  text: string | null;
  base64: string | null;
  cut: boolean;
}

/** One key-value entry. */
export interface StoredEntry {
  key: string;
  value: Content;
  version: number;
  expires_at: number | null;
}

/** A page of entries; `next` is what to give as `after` for those behind it. */
export interface Entries {
  entries: StoredEntry[];
  next: string | null;
}

/** One value of a row, by its SQLite type; numbers are text, since JSON has no 64-bit integers. */
export interface Cell {
  type: string;
  value: Content | null;
}

/** A page of rows; `next` is the next page's `offset`. */
export interface Rows {
  columns: string[];
  rows: Cell[][];
  next: number | null;
}

/** A file or directory. */
export interface File {
  path: string;
  name: string;
  is_directory: boolean;
  size: number;
  modified: number;
  content_type: string | null;
}

/** What is directly in a directory; `next` is what to give as `after`. */
export interface Files {
  path: string;
  files: File[];
  next: string | null;
}

/** A file and the beginning of its content. */
export interface FileContent {
  file: File;
  content: Content;
}

export type Entry = CallEntry | LogEntry;
