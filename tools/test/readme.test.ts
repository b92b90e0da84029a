import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { type Block, readmeBlocks } from "../readme.ts";

const run = promisify(execFile);
const tsx = join(import.meta.dirname, "../../node_modules/.bin/tsx");
const blocks = readmeBlocks();

/** Runs a block as a separate program in the folder of the package whose imports it uses. Returns its output. */
async function output({ code, folder }: Block, name: string): Promise<string> {
  const file = join(folder, `.readme-${name}.ts`);
  writeFileSync(file, code);
  try {
    const { stdout } = await run(tsx, [file], { cwd: folder, timeout: 110_000 });
    return stdout;
  } finally {
    rmSync(file, { force: true });
  }
}

it("finds code in the READMEs", () => {
  expect(blocks.filter(({ language }) => language === "js" || language === "ts").length).toBeGreaterThan(20);
});

blocks.forEach((block, i) => {
  // front-page.mjs runs the programs in JavaScript, from tarballs. If a block needs a page, the browser tests of its package run it.
  if (block.language !== "ts" || block.info === "browser") return;
  it(`${block.file}:${block.line} runs`, async () => {
    const printed = await output(block, String(i));
    const next = blocks[i + 1];
    if (next?.file === block.file && next.language === "text" && next.info === "output") {
      expect(printed.trim()).toBe(next.code.trim());
    }
  });
});

blocks.forEach(({ file, line, language, code }) => {
  if (language !== "json") return;
  it(`${file}:${line} is JSON`, () => {
    expect(() => JSON.parse(code)).not.toThrow();
  });
});
