import { run, runWithOptions } from '@proven-network/handler';

export const say = run((level: 'debug' | 'log' | 'info' | 'warn' | 'error', text: string): void => {
  console[level](text);
});

export const flood = run((lines: number, length: number): number => {
  for (let line = 0; line < lines; line++) console.log(`${line} `.padEnd(length, 'x'));
  return lines;
});

export const fail = run((message: string): never => {
  throw new RangeError(message);
});

export const forever = runWithOptions({ timeout: 300 }, (): void => {
  for (;;);
});

export const greedy = run((): number => {
  const kept: number[][] = [];
  for (;;) kept.push(new Array(1_000_000).fill(kept.length));
});

export const wait = run(async (milliseconds: number): Promise<void> => {
  await new Promise((done) => setTimeout(done, milliseconds));
});
