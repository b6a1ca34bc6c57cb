// The least a Deno process can do for a call: answer every length-prefixed frame on descriptor 3 with itself.
// A frame is a little-endian uint32 length and that many bytes. Answers of one read leave in one write.
// Modules named on the command line are loaded first.
import net from "node:net";

for (const path of Deno.args) await import(`file://${path}`);

const socket = new net.Socket({ fd: 3, readable: true, writable: true });
let rest = new Uint8Array(0);

socket.on("data", (chunk) => {
  let bytes = chunk;
  if (rest.length > 0) {
    bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let end = 0;
  while (bytes.length - end >= 4) {
    const length = view.getUint32(end, true);
    if (bytes.length - end - 4 < length) break;
    end += 4 + length;
  }
  if (end > 0) socket.write(bytes.slice(0, end));
  rest = bytes.slice(end);
});
socket.on("end", () => Deno.exit(0));
