// Bundles the page and serves it: `pnpm start`, then open the address that it prints.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";

const folder = import.meta.dirname;
const { outputFiles } = await build({
  entryPoints: [join(folder, "main.ts")],
  bundle: true,
  write: false,
  format: "esm",
  platform: "browser",
  // tfjs's browser builds require these Node modules after a check for Node.
  external: ["crypto", "string_decoder", "util", "fs", "path"],
});
const files = new Map([
  ["/", ["text/html", await readFile(join(folder, "index.html"), "utf8")]],
  ["/main.js", ["text/javascript", outputFiles[0]?.text ?? ""]],
]);
const port = Number(process.env.PORT ?? 5180);
createServer((request, response) => {
  const file = files.get(request.url ?? "");
  response.writeHead(file ? 200 : 404, { "content-type": file?.[0] ?? "text/plain" });
  response.end(file?.[1]);
}).listen(port, "127.0.0.1", () => console.log(`http://localhost:${port}/`));
