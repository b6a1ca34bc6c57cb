// Says in words what each line of standard input, the body of a command in hex, asks for; for the tests in Python.
import { createInterface } from 'node:readline';
import { fromHex } from '../../../packages/sdk/src/bytes.ts';
import { decodeBody } from '../../../packages/sdk/src/log/applications.ts';
import { guardiansInWords, inWords } from '../words.ts';

for await (const line of createInterface({ input: process.stdin })) {
  const { command } = decodeBody(fromHex(line));
  const guardians = command.command === 'SetUpgradePolicy' ? (guardiansInWords(command.policy) ?? null) : null;
  process.stdout.write(`${JSON.stringify([inWords(command), guardians])}\n`);
}
