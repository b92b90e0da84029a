/**
 * Trains in every supported version of Node: `pnpm --filter @graftjs/backend-wasm nodes`. Downloads each by npm's `node`
 * package, some 100 MB, into npm's own cache. Writes nodes.json.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleForNode, output } from "../test/bundle.ts";

const MAJORS = [20, 22, 24];
const npm = (major: number, expression: string): string =>
  execFileSync("npm", ["exec", "--yes", `--package=node@${major}`, "--", "node", "-p", expression], {
    encoding: "utf8",
  }).trim();

const cache = join(import.meta.dirname, "../node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "nodes-"));
const bundle = join(folder, "node.cjs");
const nodes: Record<string, unknown> = {};
try {
  await bundleForNode(bundle, "cjs");
  for (const major of MAJORS) {
    const [version, binary] = [npm(major, "process.version"), npm(major, "process.execPath")];
    nodes[version] = await output(bundle, binary);
    console.log(version, JSON.stringify(nodes[version]));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
writeFileSync(new URL("nodes.json", import.meta.url), `${JSON.stringify({ nodes }, null, 2)}\n`);
