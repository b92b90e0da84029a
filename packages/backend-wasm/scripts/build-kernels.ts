/**
 * Compiles assembly/ into src/generated/kernels.ts: the module twice, with and without relaxed SIMD, in hexadecimal:
 * gzip finds repeated bytes in it, which base64 hides, and makes it a quarter smaller. The two are cut into pieces that take
 * turns: most of one stands in the other, and gzip sees no further back than 32 kB.
 * Inlined, so that no bundler has to find a file; not committed, so that sources and kernels cannot differ.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @param features beyond SIMD */
async function compile(features: readonly string[]): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      "assembly/index.ts",
      ...["--outFile", "kernels.wasm", "--optimizeLevel", "3", "--shrinkLevel", "0", "--noAssert"],
      // The heap is tfjs's: imported, with the maximum of wasm32, so that any heap tfjs makes is accepted.
      ...["--importMemory", "--noExportMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
      ...["--runtime", "stub", "--use", "abort=", "--enable", "simd"],
      ...features.flatMap((feature) => ["--enable", feature]),
    ],
    {
      writeFile: (name, contents) => {
        if (name.endsWith(".wasm")) binary = contents as Uint8Array;
      },
    },
  );
  if (error || !binary) throw new Error(`The kernels do not compile: ${error?.message ?? ""}\n${stderr.toString()}`);
  const sections = sectionIds(binary);
  // A data segment would be written over tfjs's own memory at address 0 and up.
  if (sections.includes(11)) throw new Error("The kernels have a data segment; tfjs's heap has no place for it.");
  return binary;
}

/** Ids of the sections of a module, in order. */
function sectionIds(binary: Uint8Array): readonly number[] {
  const ids: number[] = [];
  for (let at = 8; at < binary.length; ) {
    ids.push(binary[at++] as number);
    let size = 0;
    let byte = 0x80;
    for (let shift = 0; byte & 0x80; shift += 7) {
      byte = binary[at++] as number;
      size |= (byte & 0x7f) << shift;
    }
    at += size;
  }
  return ids;
}

process.chdir(root);
const [plain, relaxed] = await Promise.all([compile([]), compile(["relaxed-simd"])]);
/** Short enough that a piece and its like stand within gzip's reach. */
const PIECES = 8;
const piece = (bytes: Uint8Array, i: number): string =>
  Buffer.from(bytes.subarray((i * bytes.length) / PIECES, ((i + 1) * bytes.length) / PIECES)).toString("hex");
const pieces = Array.from({ length: PIECES }, (_, i) => `  ["${piece(plain, i)}", "${piece(relaxed, i)}"],\n`);
const text = `// Written by scripts/build-kernels.ts from assembly/. Do not edit.

/**
 * The kernels, ${plain.length} bytes, and the kernels with relaxed SIMD's multiply-add, ${relaxed.length} bytes: pieces of
 * the one and of the other.
 */
export const PIECES: readonly (readonly [simd: string, relaxed: string])[] = [
${pieces.join("")}];
`;
mkdirSync("src/generated", { recursive: true });
writeFileSync("src/generated/kernels.ts", text);
console.log(`src/generated/kernels.ts: ${plain.length} bytes of SIMD, ${relaxed.length} of relaxed SIMD`);
