// Sizes that the design promises: lines of code, length of files, bytes of core.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import ts from "typescript";

const root = join(import.meta.dirname, "..");
/** Core's limits. Only a decision in docs/decisions moves them. */
const CORE = { lines: 2380, gzipBytes: 14 * 1024, dropInBytes: 9.5 * 1024 };
/** Limits of core's step folder. */
const STEP = { folder: "packages/core/src/step", lines: 800, gzipBytes: 6 * 1024 };
/** The shortest use of core. */
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
const stepLines = sources(join(root, STEP.folder)).reduce((sum, file) => sum + codeLines(file), 0);
const stepFiles = readdirSync(join(root, STEP.folder)).map((file) => `export * from "./step/${file}";`);
const stepBytes = await bundleBytes(stepFiles.join("\n"), join(root, STEP.folder));
const gzipBytes = await bundleBytes('export * from "./index.ts"');
const dropInBytes = await bundleBytes(DROP_IN);
console.log(
  `core: ${lines} lines of code (limit ${CORE.lines}), ${gzipBytes} bytes min+gzip (limit ${CORE.gzipBytes})`,
);
console.log(`core as a drop-in optimizer: ${dropInBytes} bytes min+gzip (limit ${CORE.dropInBytes})`);
console.log(
  `the step folder alone: ${stepLines} lines (limit ${STEP.lines}), ${stepBytes} bytes (limit ${STEP.gzipBytes})`,
);
if (stepLines > STEP.lines) problems.push(`core's step folder has ${stepLines} lines of code.`);
if (stepBytes > STEP.gzipBytes) problems.push(`core's step folder has ${stepBytes} bytes min+gzip.`);
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

/** Bytes after minify and gzip. @param only leaves out every file outside this folder. @default all files are included */
async function bundleBytes(contents: string, only?: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root, "packages/core/src") },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["@tensorflow/*"],
    plugins: only === undefined ? [] : [outsideIsExternal(only)],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length;
}

function outsideIsExternal(folder: string): Plugin {
  return {
    name: "outside-is-external",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) =>
        join(resolveDir, path).startsWith(folder) ? undefined : { path, external: true },
      );
    },
  };
}
