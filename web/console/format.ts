/** Numbers, times and ids as people read them. */

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const whole = new Intl.NumberFormat('en');

export function duration(microseconds: number): string {
  if (microseconds < 1000) return `${microseconds} µs`;
  if (microseconds < 10_000) return `${(microseconds / 1000).toFixed(1)} ms`;
  if (microseconds < 1_000_000) return `${Math.round(microseconds / 1000)} ms`;
  return `${(microseconds / 1_000_000).toFixed(1)} s`;
}

export function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${whole.format(number)} ${number === 1 ? one : many}`;
}

export function number(value: number): string {
  return whole.format(value);
}

export function clock(at: number): string {
  return `${time.format(at)}.${String(at % 1000).padStart(3, '0')}`;
}

export function date(at: number): string {
  return moment.format(at);
}

export function ago(at: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return count(Math.floor(seconds / 60), 'minute') + ' ago';
  if (seconds < 86_400) return count(Math.floor(seconds / 3600), 'hour') + ' ago';
  return count(Math.floor(seconds / 86_400), 'day') + ' ago';
}

export function short(id: string): string {
  return id.slice(0, 12);
}

/** The export's name in a handler's address, or the module of a default export. */
export function handlerName(address: string): string {
  const at = address.indexOf('#');
  return at < 0 ? address : address.slice(at + 1);
}
