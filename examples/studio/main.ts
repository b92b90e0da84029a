import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSite, serveFolder } from "../../apps/studio/site/site.ts";

const folder = join(tmpdir(), "graft-example-studio");
await buildSite(join(folder, "studio"));
const page = readFileSync(join(import.meta.dirname, "index.html"), "utf8");
const { url } = await serveFolder(folder, { "index.html": page });
console.log(`Open ${url} in a browser. Ctrl-C ends the server.`);
