// Frames over the inherited socket: [u32 length of the payload][u8 type][u32 id][payload], little-endian.
// `proven.runtime._frames` is the other side and says what each type carries.

import { Writer } from "./values.js";

export const HEADER = 9;

export const TO_GUEST = Object.freeze({
  LOAD: 1,
  COMPILE: 2,
  INVOKE: 3,
  CANCEL: 4,
  RESULT: 5,
  FAILURE: 6,
  COLLECT: 7,
});
export const TO_HOST = Object.freeze({
  READY: 32,
  LOADED: 33,
  COMPILED: 34,
  REFUSED: 35,
  RETURN: 36,
  THROW: 37,
  RESPONSE: 38,
  ENDED: 39,
  CALL: 40,
  CONSOLE: 41,
  COLLECTED: 42,
});
export const STREAM = Object.freeze({ DATA: 64, END: 65, ERROR: 66, CREDIT: 67, CANCEL: 68 });

const SMALL = 1 << 16;
const KEEP = 1 << 20;

// Collects the frames of one microtask turn and writes them at once.
export class FrameWriter {
  #write;
  #main;
  #maxValueBytes;
  #busy = false;
  #scheduled = false;
  #extra = [];
  #flush = () => this.flush();
  #schedule;

  constructor(write, maxValueBytes, schedule) {
    this.#write = write;
    this.#main = new Writer(SMALL, maxValueBytes);
    this.#maxValueBytes = maxValueBytes;
    this.#schedule = schedule;
  }

  // One frame, whose payload `fill(writer)` writes. Nothing is sent if it throws. `fill` may run guest code (a
  // getter of a value), and that may send frames of its own: those go to writers of their own.
  send(type, id, fill) {
    const nested = this.#busy;
    const writer = nested ? new Writer(1024, this.#maxValueBytes) : this.#main;
    const start = writer.position;
    this.#busy = true;
    try {
      writer.reserve(HEADER);
      writer.position = start + HEADER;
      if (fill !== undefined) fill(writer);
    } catch (error) {
      writer.position = start;
      throw error;
    } finally {
      this.#busy = nested;
    }
    const { view } = writer;
    view.setUint32(start, writer.position - start - HEADER, true);
    view.setUint8(start + 4, type);
    view.setUint32(start + 5, id, true);
    if (nested) this.#extra.push(writer.bytes.subarray(0, writer.position));
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#schedule(this.#flush);
    }
  }

  flush() {
    this.#scheduled = false;
    const main = this.#main;
    if (main.position > 0) {
      this.#write(main.bytes.slice(0, main.position));
      main.position = 0;
      if (main.bytes.length > KEEP) this.#main = new Writer(SMALL, this.#maxValueBytes);
    }
    for (const bytes of this.#extra) this.#write(bytes);
    this.#extra.length = 0;
  }
}

// Cuts what arrives into frames: `onFrame(type, id, payload)`.
export class FrameReader {
  #onFrame;
  #rest = new Uint8Array(0);
  #used = 0;

  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  feed(chunk) {
    let bytes = chunk;
    if (this.#used > 0) {
      this.#append(chunk);
      bytes = this.#rest.subarray(0, this.#used);
    }
    let position = 0;
    while (bytes.length - position >= HEADER) {
      const length = lengthAt(bytes, position);
      const end = position + HEADER + length;
      if (end > bytes.length) break;
      const id = (bytes[position + 5] | (bytes[position + 6] << 8) | (bytes[position + 7] << 16) |
        (bytes[position + 8] << 24)) >>> 0;
      this.#onFrame(bytes[position + 4], id, bytes.subarray(position + HEADER, end));
      position = end;
    }
    this.#keep(bytes, position);
  }

  #append(chunk) {
    const needed = this.#used + chunk.length;
    if (needed > this.#rest.length) {
      const whole = this.#used >= HEADER ? HEADER + lengthAt(this.#rest, 0) : 0;
      const grown = new Uint8Array(Math.max(needed, whole));
      grown.set(this.#rest.subarray(0, this.#used));
      this.#rest = grown;
    }
    this.#rest.set(chunk, this.#used);
    this.#used = needed;
  }

  #keep(bytes, position) {
    const left = bytes.length - position;
    if (left === 0) {
      this.#used = 0;
      if (this.#rest.length > KEEP) this.#rest = new Uint8Array(0);
    } else if (position > 0 || this.#used === 0) {
      const rest = bytes.slice(position);
      this.#used = 0;
      this.#rest = new Uint8Array(0);
      this.#append(rest);
    }
  }
}

const lengthAt = (bytes, at) =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
