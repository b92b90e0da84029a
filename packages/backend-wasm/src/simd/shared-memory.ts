const IMPORT_SECTION = 2;
const MEMORY_SECTION = 5;
const MEMORY_IMPORT = 2;
const LIMITS_WITH_MAXIMUM = 1;
const LIMITS_SHARED = 3;

/**
 * Returns the module with its memory declared as shared between threads. The memory may be the first import or the
 * module's own.
 *
 * Only one flag changes. Code compiled without threads runs unchanged on shared memory. So one build of each kernel module
 * is enough, and our workers can compute on the heap of tfjs's build without threads.
 *
 * @throws Error if the module has no such memory, or if the memory has no maximum, which sharing requires.
 */
export function declareMemoryShared(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = module.slice();
  const limits = limitsOf(bytes);
  if (limits === undefined || bytes[limits] !== LIMITS_WITH_MAXIMUM) {
    throw new Error("The module has no memory with a maximum as its first import or its own.");
  }
  bytes[limits] = LIMITS_SHARED;
  return bytes;
}

/** Returns the index of the flags in the memory's limits, or undefined if the module has no memory. */
function limitsOf(bytes: Uint8Array): number | undefined {
  let at = 8;
  const byte = (): number => bytes[at++] as number;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const b = byte();
      value |= (b & 0x7f) << shift;
      if (b < 0x80) return value >>> 0;
    }
  };
  const skipName = (): void => {
    const length = number();
    at += length;
  };
  while (at < bytes.length) {
    const section = byte();
    const size = number();
    const end = at + size;
    if (section === IMPORT_SECTION) {
      number();
      skipName();
      skipName();
      if (byte() === MEMORY_IMPORT) return at;
    }
    if (section === MEMORY_SECTION) {
      number();
      return at;
    }
    at = end;
  }
  return undefined;
}
