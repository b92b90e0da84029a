/** Bytes by name, for a test in a page, which cannot read from disk. */
export interface Blobs {
  readonly [name: string]: Uint8Array;
}

/** Packs blobs into one file: the length of the header, the header as JSON, then the bytes. Each part starts at a multiple of four. */
export function pack(blobs: Blobs): Uint8Array {
  const header = new TextEncoder().encode(
    JSON.stringify(Object.entries(blobs).map(([name, { byteLength }]) => [name, byteLength])),
  );
  const parts = [new Uint8Array(Uint32Array.of(header.byteLength).buffer), header, ...Object.values(blobs)];
  const out = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + aligned(byteLength), 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += aligned(part.byteLength);
  }
  return out;
}

export function unpack(bytes: Uint8Array): Blobs {
  const whole = bytes.slice();
  const headerLength = new Uint32Array(whole.buffer, 0, 1)[0] as number;
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(4, 4 + headerLength))) as [string, number][];
  let at = 4 + aligned(headerLength);
  return Object.fromEntries(
    header.map(([name, length]) => {
      const part = whole.subarray(at, at + length);
      at += aligned(length);
      return [name, part];
    }),
  );
}

/** Returns a blob as floats. */
export function floats(blobs: Blobs, name: string): Float32Array {
  const { buffer, byteOffset, byteLength } = bytesOf(blobs, name);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** Returns a blob as parsed JSON. */
export function json<T>(blobs: Blobs, name: string): T {
  return JSON.parse(new TextDecoder().decode(bytesOf(blobs, name))) as T;
}

export function bytesOf(blobs: Blobs, name: string): Uint8Array {
  const found = blobs[name];
  if (!found) throw new Error(`Unknown blob ${name}. Known: ${Object.keys(blobs).join(", ")}.`);
  return found;
}

function aligned(length: number): number {
  return Math.ceil(length / 4) * 4;
}
