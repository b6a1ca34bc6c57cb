import { publish } from '@proven-network/events';
import { run } from '@proven-network/handler';

export const announce = run((name: string, payload?: unknown) => publish(name, payload));
