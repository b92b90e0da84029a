/**
 * Compiles assembly/ into src/generated/kernels.ts. The file has the module twice, with and without relaxed SIMD.
 *
 * The bytes are hexadecimal, because gzip finds repeated bytes in that form, which base64 hides. The result is a quarter
 * smaller. The two modules are divided into pieces that alternate: they are mostly equal, and gzip looks back 32 kB at most.
 *
 * The kernels are part of the source, so that no bundler has to find a file. The generated file is not committed, so that it
 * cannot differ from assembly/.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Compiles the module. @param features WebAssembly features besides SIMD */
async function compile(features: readonly string[]): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      "assembly/index.ts",
      ...["--outFile", "kernels.wasm", "--optimizeLevel", "3", "--shrinkLevel", "0", "--noAssert"],
      // The memory is tfjs's heap. It is imported with the maximum of wasm32, so that every heap of tfjs is accepted.
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
  // A data segment would overwrite tfjs's own memory from address 0 on.
  if (sections.includes(11))
    throw new Error(
      "The kernels have a data segment, which would overwrite tfjs's heap. Remove constant tables and strings.",
    );
  return binary;
}

/** Returns the ids of a module's sections in order. */
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
/** Number of pieces. A piece and its counterpart in the other module must be less than 32 kB apart. */
const PIECES = 8;
const piece = (bytes: Uint8Array, i: number): string =>
  Buffer.from(bytes.subarray((i * bytes.length) / PIECES, ((i + 1) * bytes.length) / PIECES)).toString("hex");
const pieces = Array.from({ length: PIECES }, (_, i) => `  ["${piece(plain, i)}", "${piece(relaxed, i)}"],\n`);
const text = `// Written by scripts/build-kernels.ts from assembly/. Do not edit.

/**
 * Alternating pieces of two modules: the kernels with SIMD, ${plain.length} bytes, and the kernels with the multiply-add of relaxed
 * SIMD, ${relaxed.length} bytes.
 */
export const PIECES: readonly (readonly [simd: string, relaxed: string])[] = [
${pieces.join("")}];
`;
mkdirSync("src/generated", { recursive: true });
writeFileSync("src/generated/kernels.ts", text);
console.log(`src/generated/kernels.ts: ${plain.length} bytes of SIMD, ${relaxed.length} of relaxed SIMD`);
