// Makes a project outside the repository: packed packages in its node_modules, and the parts of third parties.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../bootstrap.mjs";

/** Folder of the parts. Each becomes a package of its own, named `third-party-callback` and so on. */
const PARTS = join(import.meta.dirname, "parts");

/**
 * Fills `folder` with a project that has every packed package and every part installed.
 *
 * @param tarballs folder of the packed packages.
 * @returns the names of the parts' packages.
 */
export function makeProject(folder, tarballs) {
  const modules = join(folder, "node_modules");
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "project", "private": true, "type": "module" }\n');
  for (const file of readdirSync(tarballs).filter((name) => name.endsWith(".tgz")))
    unpack(join(tarballs, file), modules);
  return readdirSync(PARTS).map((part) => {
    const name = `third-party-${part}`;
    cpSync(join(PARTS, part), join(modules, name), { recursive: true });
    writeFileSync(
      join(modules, name, "package.json"),
      JSON.stringify({ name, version: "1.0.0", type: "module", exports: "./index.mjs" }),
    );
    return name;
  });
}

/** Unpacks a tarball, and links the packages that it depends on outside Graft from the repository's own installation. */
function unpack(tarball, modules) {
  const into = join(modules, "@graftjs", "unpacking");
  mkdirSync(into, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", into, "--strip-components=1"]);
  const manifest = JSON.parse(readFileSync(join(into, "package.json"), "utf8"));
  const target = join(modules, manifest.name);
  cpSync(into, target, { recursive: true });
  execFileSync("rm", ["-r", into]);
  const installed = join(root, "packages", manifest.name.slice("@graftjs/".length), "node_modules");
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    if (name.startsWith("@graftjs/")) continue;
    const link = join(modules, name);
    mkdirSync(dirname(link), { recursive: true });
    try {
      symlinkSync(realpathSync(join(installed, name)), link);
    } catch (error) {
      // Another package has linked it already, or it is an optional peer that the repository does not install.
      if (error.code !== "EEXIST" && error.code !== "ENOENT") throw error;
    }
  }
}
