// A second channel, on standard input and output, for calls that block: [u32 length][u32 invocation][value] out,
// [u32 length][u8 0 = value, 1 = error record][value] back.

import { Writer } from "./values.js";

export function openSyncChannel(maxValueBytes) {
  const { stdin, stdout } = Deno;
  const read = stdin.readSync.bind(stdin);
  const write = stdout.writeSync.bind(stdout);
  const writer = new Writer(1024, maxValueBytes);

  function readExactly(length) {
    const bytes = new Uint8Array(length);
    let position = 0;
    while (position < length) {
      const count = read(bytes.subarray(position));
      if (count === null) throw new Error("the node went away");
      position += count;
    }
    return bytes;
  }

  return (invocation, value) => {
    writer.position = 8;
    writer.value(value);
    writer.view.setUint32(0, writer.position - 4, true);
    writer.view.setUint32(4, invocation, true);
    let position = 0;
    while (position < writer.position) position += write(writer.bytes.subarray(position, writer.position));
    const head = readExactly(4);
    return readExactly(new DataView(head.buffer).getUint32(0, true));
  };
}
