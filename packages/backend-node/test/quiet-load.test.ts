import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { unexpectedLines } from "../src/load/quiet-load.ts";

const folder = mkdtempSync(join(tmpdir(), "graft-quiet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Output of TensorFlow 2.18.1's CUDA build on a machine without a card, at levels 2 and 3. */
const USUAL = `WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
E0000 00:00:1795472586.252314   29229 cuda_dnn.cc:8310] Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN when one has already been registered
E0000 00:00:1795472586.268198   29229 cuda_blas.cc:1418] Unable to register cuBLAS factory: Attempting to register factory for plugin cuBLAS when one has already been registered
`;
const USEFUL =
  "E external/local_xla/xla/stream_executor/cuda/cuda_driver.cc:152] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)";

/** Compiles a library that writes `text` to stderr while it is loaded. Returns false without a compiler. */
function noisyLibrary(path: string, text: string): boolean {
  const source = join(folder, "noisy.c");
  const code = `#include <unistd.h>\n__attribute__((constructor)) static void say(void) { if (write(2, T, sizeof T - 1) < 0) _exit(9); }\n`;
  writeFileSync(source, `static const char T[] = ${JSON.stringify(text)};\n${code}`);
  return spawnSync(process.env.CC ?? "cc", ["-shared", "-fPIC", source, "-o", path]).status === 0;
}

describe("the CUDA build's usual lines", () => {
  it("are removed, and nothing else", () => {
    expect(unexpectedLines(USUAL)).toEqual([]);
    expect(unexpectedLines(`${USUAL}${USEFUL}\n`)).toEqual([USEFUL]);
    const other = "Unable to register cuDNN factory: version mismatch";
    expect(unexpectedLines(other)).toEqual([other]);
  });

  const here = process.platform === "linux" && process.arch === "x64";
  // CUDA and the module that catches stderr exist for Linux on x64 only.
  it.runIf(here)(
    "are caught while a library loads; other lines are printed, and stderr works afterwards",
    (context) => {
      const library = join(folder, "noisy.so");
      if (!noisyLibrary(library, `${USUAL}${USEFUL}\n`)) return context.skip("no C compiler");
      const module = join(import.meta.dirname, "../src/load/quiet-load.ts");
      const code = `import { quietlyLoad } from ${JSON.stringify(module)};
      quietlyLoad(${JSON.stringify(library)}, (text) => process.stderr.write("passed on: " + text));
      console.error("after");
      console.log(process.report.getReport().sharedObjects.includes(${JSON.stringify(library)}));`;
      const file = join(folder, "child.mts");
      writeFileSync(file, code);
      const child = spawnSync(process.execPath, ["--import", import.meta.resolve("tsx"), file], {
        encoding: "utf8",
        cwd: join(import.meta.dirname, ".."),
      });
      expect(child).toMatchObject({ status: 0, stdout: "true\n", stderr: `passed on: ${USEFUL}\nafter\n` });
    },
  );

  it.runIf(here)("a missing library is not an error here, because the binding will report it", () => {
    const helper = join(import.meta.dirname, "../prebuilt/linux-x64-quiet.node");
    expect(existsSync(helper)).toBe(true);
    const code = `console.log(JSON.stringify(require(${JSON.stringify(helper)}).load("/not/there.so")))`;
    expect(execFileSync(process.execPath, ["-e", code], { encoding: "utf8" })).toBe('""\n');
  });
});
