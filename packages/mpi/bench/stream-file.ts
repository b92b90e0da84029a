import { open } from "node:fs/promises";

/** Numbers of an example in the file, before its label. */
export const WIDTH = 64;
const AT_ONCE = 1024;

/** Reads the file of bench/stream.ts from its beginning, some examples at a time. Each rank has a reader of its own. */
export async function* readExamples(file: string) {
  const handle = await open(file);
  try {
    const bytes = new Uint8Array(AT_ONCE * (WIDTH + 1) * 4);
    for (;;) {
      const { bytesRead } = await handle.read(bytes, 0, bytes.length);
      const count = Math.floor(bytesRead / ((WIDTH + 1) * 4));
      if (count === 0) return;
      const rows = new Float32Array(bytes.buffer, 0, count * (WIDTH + 1));
      const xs = new Float32Array(count * WIDTH);
      const ys = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        const at = i * (WIDTH + 1);
        xs.set(rows.subarray(at, at + WIDTH), i * WIDTH);
        ys[i] = rows[at + WIDTH] as number;
      }
      yield { xs: { values: xs, shape: [count, WIDTH] }, ys: { values: ys, shape: [count, 1] } };
    }
  } finally {
    await handle.close();
  }
}
