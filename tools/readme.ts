// Reads the code blocks of the READMEs, so that a test can run them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** A fenced block of a README. */
export interface Block {
  /** README, relative to the repository. */
  readonly file: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** First word behind the fence: ts, json, text, sh. */
  readonly language: string;
  /** The rest of that line: `browser` for code that needs a page, `output` for what the block above prints. */
  readonly info: string;
  readonly code: string;
  /** Folder whose node_modules the block's imports are found in. */
  readonly folder: string;
}

/** Every fenced block of every README in the repository. */
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
