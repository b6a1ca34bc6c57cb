import { publish, type PublishOptions } from '@proven-network/events';
import { run } from '@proven-network/handler';

export const announce = run((name: string, payload?: unknown, options?: PublishOptions) =>
  publish(name, payload, options));

export const announceFunction = run(() => publish('e', () => 1, { to: 'everyone' }));

export const flood = run(async (count: number) => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: count }, (_, number) => publish('flood', number, { to: 'everyone' })));
  const accepted = outcomes.flatMap(({ status }, number) => (status === 'fulfilled' ? [number] : []));
  const codes = new Set(outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : [])));
  return { accepted, refused: count - accepted.length, codes: [...codes] };
});
