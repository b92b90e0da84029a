// Sizes that the design promises: lines of code, length of files, bytes of core.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import ts from "typescript";

const root = join(import.meta.dirname, "..");
/** Core's limits. Moved only by a decision in docs/decisions. */
const CORE = { lines: 3800, gzipBytes: 24 * 1024, dropInBytes: 9.5 * 1024 };
/** What the shortest use of core takes along. */
const DROP_IN = 'export { HookedOptimizer, masked, namedParams, sgd } from "./index.ts"';
const FILE_LINES = 300;

const problems: string[] = [];
for (const name of readdirSync(join(root, "packages"))) {
  for (const file of sources(join(root, "packages", name, "src"))) {
    const lines = readFileSync(file, "utf8").split("\n").length - 1;
    if (lines > FILE_LINES)
      problems.push(`${file.slice(root.length + 1)} has ${lines} lines, the limit is ${FILE_LINES}.`);
  }
}
const lines = sources(join(root, "packages/core/src")).reduce((sum, file) => sum + codeLines(file), 0);
const gzipBytes = await bundleBytes('export * from "./index.ts"');
const dropInBytes = await bundleBytes(DROP_IN);
console.log(
  `core: ${lines} lines of code (limit ${CORE.lines}), ${gzipBytes} bytes min+gzip (limit ${CORE.gzipBytes})`,
);
console.log(`core as a drop-in optimizer: ${dropInBytes} bytes min+gzip (limit ${CORE.dropInBytes})`);
if (dropInBytes > CORE.dropInBytes) problems.push(`core as a drop-in optimizer has ${dropInBytes} bytes min+gzip.`);
if (lines > CORE.lines) problems.push(`core has ${lines} lines of code.`);
if (gzipBytes > CORE.gzipBytes) problems.push(`core has ${gzipBytes} bytes min+gzip.`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.parentPath.includes("generated"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Lines that hold a token: comments and blank lines do not count. */
function codeLines(file: string): number {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const counted = new Set<number>();
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source);
    if (children.length === 0 && node.end > node.getStart(source)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
      const last = source.getLineAndCharacterOfPosition(node.end).line;
      for (let line = first; line <= last; line++) counted.add(line);
    }
    for (const child of children) if (!ts.isJSDoc(child)) visit(child);
  };
  visit(source);
  return counted.size;
}

async function bundleBytes(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root, "packages/core/src") },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["@tensorflow/*"],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length;
}
