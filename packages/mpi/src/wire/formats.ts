import { OptionsError } from "@graftjs/core";

/** The number formats in which gradients can travel. */
const WIRES = ["float32", "float16", "bfloat16"] as const;
export type Wire = (typeof WIRES)[number];
/** The formats of 16 bits. */
export type HalfWire = Exclude<Wire, "float32">;

/** Returns the format that an environment variable names. */
export function wireOf(text: string | undefined): Wire {
  return (text || "float32") as Wire;
}

/** @throws OptionsError if the format is unknown */
export function assertWire(wire: Wire): void {
  if (!WIRES.includes(wire))
    throw new OptionsError(`\`wire\` is ${JSON.stringify(wire)}.`, `Choose one of: ${WIRES.join(", ")}.`);
}

/** Rounds numbers to the nearest of a 16-bit format, ties to even, and writes their bits. */
export function encode(wire: HalfWire, values: Float32Array, into: Uint16Array): void {
  // Signed integers, because the compiler of V8 turns sums of unsigned ones into slow floating-point numbers.
  const bits = bitsOf(values);
  if (wire === "bfloat16") for (let i = 0; i < bits.length; i++) into[i] = toBfloat16(bits[i] as number);
  else for (let i = 0; i < bits.length; i++) into[i] = toFloat16(bits[i] as number);
}

/** Reads numbers of a 16-bit format. */
export function decode(wire: HalfWire, halves: Uint16Array, into: Float32Array): void {
  const bits = bitsOf(into);
  if (wire === "bfloat16") for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
  else {
    wideFloats ??= tableOfFloat16();
    const table = wideFloats;
    for (let i = 0; i < halves.length; i++) into[i] = table[halves[i] as number] as number;
  }
}

/** The number of every float16. A table is faster than a calculation. */
let wideFloats: Float32Array | undefined;

const INFINITE = 0x7f800000;

/** Takes and returns bits. A NaN stays a NaN. */
function toBfloat16(bits: number): number {
  if ((bits & 0x7fffffff) > INFINITE) return (bits >> 16) | 0x40;
  // A carry into the sign cannot happen: the largest number here is infinite, and its fraction is 0.
  return ((bits + ((0x7fff + ((bits >> 16) & 1)) | 0)) | 0) >> 16;
}

/** Takes and returns bits. Numbers that round to more than 65,504 become infinite. */
function toFloat16(bits: number): number {
  const sign = (bits >> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  // From 2 ** -14 on, only the exponent's offset differs. A carry into the exponent gives the next number, or infinity.
  if (size >= 0x38800000 && size < 0x47800000) return sign | ((size - 0x38000000 + 0xfff + ((size >> 13) & 1)) >> 13);
  if (size > INFINITE) return sign | 0x7e00;
  if (size >= 0x47800000) return sign | 0x7c00;
  // Smaller numbers are multiples of 2 ** -24. Adding 0.5 makes float32 round to such a multiple.
  oneBits[0] = size;
  one[0] = (one[0] as number) + 0.5;
  return sign | ((oneBits[0] as number) - 0x3f000000);
}

const one = new Float32Array(1);
const oneBits = bitsOf(one);

function tableOfFloat16(): Float32Array {
  return Float32Array.from({ length: 2 ** 16 }, (_, bits) => {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
    if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}
