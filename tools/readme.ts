// Reads the code blocks of the READMEs. A test runs them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** A fenced block of a README. */
export interface Block {
  /** Path of the README, relative to the root of the repository. */
  readonly file: string;
  /** Line of the opening fence, counted from 1. */
  readonly line: number;
  /** First word after the fence: js, ts, json, text, sh. */
  readonly language: string;
  /** The rest of that line: `browser` if the code needs a page, `output` if the block is the output of the block above, or the name of a file. */
  readonly info: string;
  readonly code: string;
  /** Folder whose `node_modules` has the packages that the block imports. */
  readonly folder: string;
}

/** Reads every fenced block of the root README and of the packages' READMEs. */
export function readmeBlocks(): readonly Block[] {
  const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  const files = [
    { file: "README.md", folder: join(root, "examples/quickstart") },
    ...packages.map((folder) => ({ file: `${folder}/README.md`, folder: join(root, folder) })),
  ];
  return files.filter(({ file }) => existsSync(join(root, file))).flatMap(({ file, folder }) => blocks(file, folder));
}

function blocks(file: string, folder: string): Block[] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const found: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const opening = /^```(\w+)\s*(.*)$/.exec(lines[i] ?? "");
    if (!opening) continue;
    const end = lines.indexOf("```", i + 1);
    found.push({
      file,
      line: i + 1,
      language: opening[1] ?? "",
      info: (opening[2] ?? "").trim(),
      code: lines.slice(i + 1, end).join("\n"),
      folder,
    });
    i = end;
  }
  return found;
}
