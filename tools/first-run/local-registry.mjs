// Serves packed packages to npm on loopback, so that a project installs them as if they were published. Other packages come from npm's own registry.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

/**
 * Starts a registry of the scope `@graftjs`.
 *
 * @param tarballs folder of the packed packages.
 * @returns `npmrc`, the line that sends npm to it for that scope; `fileOf`, the tarball of a package; `close`.
 */
export async function localRegistry(tarballs) {
  const packages = new Map(
    readdirSync(tarballs).map((file) => {
      const bytes = readFileSync(join(tarballs, file));
      const manifest = JSON.parse(
        execFileSync("tar", ["-xzOf", join(tarballs, file), "package/package.json"], { encoding: "utf8" }),
      );
      return [manifest.name, { file, bytes, manifest }];
    }),
  );
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname).slice(1);
    const file = [...packages.values()].find((found) => path === `files/${found.file}`);
    if (file) return void response.end(file.bytes);
    const found = packages.get(path);
    if (!found) return void response.writeHead(404).end("{}");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(documentOf(found, `http://${request.headers.host}`)));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    npmrc: `@graftjs:registry=http://127.0.0.1:${server.address().port}/\n`,
    fileOf: (name) => join(tarballs, packages.get(name).file),
    close: () => server.close(),
  };
}

function documentOf({ file, bytes, manifest }, host) {
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const version = { ...manifest, dist: { tarball: `${host}/files/${file}`, integrity } };
  return {
    name: manifest.name,
    "dist-tags": { latest: manifest.version },
    versions: { [manifest.version]: version },
  };
}
