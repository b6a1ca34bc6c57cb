// Byte streams in both directions, each with a window of credit: a side that has sent as many bytes as the other
// has granted waits. Streams that the host starts have even numbers, those of the guest odd ones.

import { STREAM } from "./frames.js";

const CHUNK = 64 * 1024;

export function createStreams(frames, window, runAs, describeError) {
  const incoming = new Map();
  const outgoing = new Map();
  let last = -1;

  const grant = (id, bytes) =>
    frames.send(STREAM.CREDIT, id, (writer) => {
      writer.reserve(4);
      writer.view.setUint32(writer.position, bytes, true);
      writer.position += 4;
    });

  // The guest's end of a stream that the host writes.
  function open(id) {
    const stream = { queue: [], waiting: undefined, done: false, error: undefined };
    incoming.set(id, stream);
    return new ReadableStream(
      {
        type: "bytes",
        async pull(controller) {
          while (stream.queue.length === 0 && !stream.done && stream.error === undefined) {
            await new Promise((resolve) => (stream.waiting = resolve));
          }
          const chunk = stream.queue.shift();
          if (chunk !== undefined) {
            const { length } = chunk;
            controller.enqueue(chunk);
            if (!stream.done) grant(id, length);
          } else if (stream.error !== undefined) {
            controller.error(stream.error);
          } else {
            controller.close();
            controller.byobRequest?.respond(0);
          }
        },
        cancel() {
          if (!stream.done && stream.error === undefined) frames.send(STREAM.CANCEL, id);
          incoming.delete(id);
        },
      },
      { highWaterMark: 0 },
    );
  }

  const wake = (stream) => {
    const { waiting } = stream;
    stream.waiting = undefined;
    waiting?.();
  };

  // Send `source` to the host; returns its number. `onEnd` runs once, whichever way it ends.
  function send(source, invocation, onEnd) {
    last += 2;
    const id = last;
    const state = { credit: window, waiting: undefined, cancelled: false, reader: source.getReader() };
    outgoing.set(id, state);
    runAs(invocation, () => pump(id, state).finally(onEnd));
    return id;
  }

  async function pump(id, state) {
    try {
      while (!state.cancelled) {
        const { done, value } = await state.reader.read();
        if (done) break;
        const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
        if (!ArrayBuffer.isView(bytes)) {
          throw new TypeError("a stream that crosses to the host carries Uint8Array chunks");
        }
        await sendChunk(id, state, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      }
      if (!state.cancelled) frames.send(STREAM.END, id);
    } catch (error) {
      if (!state.cancelled) frames.send(STREAM.ERROR, id, (writer) => writer.value(describeError(error)));
    } finally {
      outgoing.delete(id);
    }
  }

  async function sendChunk(id, state, bytes) {
    let position = 0;
    while (position < bytes.length && !state.cancelled) {
      while (state.credit === 0 && !state.cancelled) {
        await new Promise((resolve) => (state.waiting = resolve));
      }
      const size = Math.min(bytes.length - position, state.credit, CHUNK);
      if (state.cancelled) return;
      state.credit -= size;
      const start = position;
      frames.send(STREAM.DATA, id, (writer) => {
        writer.reserve(size);
        writer.bytes.set(bytes.subarray(start, start + size), writer.position);
        writer.position += size;
      });
      position += size;
    }
  }

  function receive(type, id, payload, decodeError) {
    const stream = incoming.get(id);
    if (type === STREAM.CREDIT || type === STREAM.CANCEL) {
      const state = outgoing.get(id);
      if (state === undefined) return;
      if (type === STREAM.CANCEL) {
        state.cancelled = true;
        state.reader.cancel().catch(() => {});
      } else {
        state.credit += new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
      }
      wake(state);
    } else if (stream !== undefined) {
      if (type === STREAM.DATA) stream.queue.push(payload.slice());
      else {
        if (type === STREAM.END) stream.done = true;
        else stream.error = decodeError(payload);
        incoming.delete(id);
      }
      wake(stream);
    }
  }

  return { open, send, receive };
}
