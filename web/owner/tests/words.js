// Says in words what each line of standard input asks for: the body of a command in hex, or what is read, of which
// application and until when, in JSON; for the tests in Python.
import { createInterface } from 'node:readline';
import { fromHex } from '../../../packages/sdk/src/bytes.ts';
import { decodeBody } from '../../../packages/sdk/src/log/applications.ts';
import { guardiansInWords, inWords, readingInWords } from '../words.ts';

for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('[')) {
    process.stdout.write(`${JSON.stringify(readingInWords(...JSON.parse(line)))}\n`);
    continue;
  }
  const { command } = decodeBody(fromHex(line));
  const guardians = command.command === 'SetUpgradePolicy' ? (guardiansInWords(command.policy) ?? null) : null;
  process.stdout.write(`${JSON.stringify([inWords(command), guardians])}\n`);
}
