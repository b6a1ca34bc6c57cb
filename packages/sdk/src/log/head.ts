// How far the log goes, as the node of the session says inside of it: nobody in between can keep anything back.

import { broken } from '../attestation/rules.ts';
import { type Bytes } from '../bytes.ts';
import { type Fields } from '../commands.ts';
import { asProvenError } from '../errors.ts';
import { type Checkpoint } from './notes.ts';

/** The log has `size` entries under `root`, of which `revision` are about the application. */
export interface Head {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
  readonly revision: number;
}

export const readHead = (answer: Fields): Head => ({
  origin: answer.text('origin'),
  size: answer.count('size'),
  root: answer.bytes('root'),
  revision: answer.has('revision') ? answer.count('revision') : 0,
});

/**
 * The log is at least as far as the node says, begins with the same entries, and shows all of the application's that it
 * says there are. `compare` throws for a state that the log does not continue. Throws `EVIDENCE_INVALID`.
 */
export async function checkHead(
  head: Head,
  checkpoint: Checkpoint,
  shown: number,
  compare: (size: number, root: Bytes) => Promise<void>,
): Promise<void> {
  if (head.origin !== checkpoint.origin) {
    throw broken('log', `the node says that its log is ${head.origin}, not ${checkpoint.origin}`);
  }
  if (checkpoint.size < head.size) {
    throw broken(
      'log',
      `the checkpoint is stale: it has ${checkpoint.size} entries, and the node says in the session that there are ${head.size}`,
    );
  }
  try {
    await compare(head.size, head.root);
  } catch (error) {
    if (asProvenError(error).code !== 'EVIDENCE_INVALID') throw error;
    throw broken('log', `the log was forked: it does not begin with the ${head.size} entries that the node says it has`);
  }
  if (shown < head.revision) {
    throw broken(
      'log',
      `entries were left out: ${shown} are shown, and the node says in the session that the application has ${head.revision}`,
    );
  }
}
