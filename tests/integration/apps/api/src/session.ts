import { run } from '@proven-network/handler';
import { getCurrentAccounts, getCurrentIdentity } from '@proven-network/session';

export const identity = run(() => getCurrentIdentity());
export const accounts = run(() => getCurrentAccounts());
export const afterWaiting = run(async () => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return getCurrentIdentity();
});
