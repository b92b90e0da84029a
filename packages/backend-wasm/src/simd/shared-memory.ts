const IMPORT_SECTION = 2;
const MEMORY_SECTION = 5;
const MEMORY_IMPORT = 2;
const LIMITS_WITH_MAXIMUM = 1;
const LIMITS_SHARED = 3;

/**
 * The module with its memory declared shared between threads, whether it is the first import or the module's own.
 *
 * One flag in the bytes. Code that knows nothing of threads runs on a shared memory as it is, which saves carrying each
 * kernel module twice, and makes tfjs's build without threads of its own one that our workers can compute beside.
 *
 * @throws Error where there is no such memory, or where it has no maximum, which sharing needs.
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

/** Where the flags of the memory's limits stand. */
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
