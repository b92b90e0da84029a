// Runs publint, attw, the parts of third parties and the programs of the READMEs on the packed tarballs, because `exports` in the repository point at sources.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin, run } from "./bootstrap.mjs";

const folder = mkdtempSync(join(tmpdir(), "graft-pack-"));
let failures = 0;
try {
  run(bin("pnpm"), ["--filter", "./packages/*", "-r", "pack", "--pack-destination", folder], { quiet: true });
  for (const tarball of readdirSync(folder).map((file) => join(folder, file))) {
    const lint = run(bin("publint"), ["run", tarball, "--strict"], { tolerate: true });
    // Packages are ESM only, and CommonJS users load them through require(esm). The profile ignores that one finding.
    const types = run(bin("attw"), [tarball, "--profile", "esm-only", "--format", "table-flipped"], { tolerate: true });
    failures += Number(lint !== 0) + Number(types !== 0);
  }
  failures += run(process.execPath, ["tools/third-party/index.mjs", folder], { tolerate: true });
  failures += run(process.execPath, ["tools/front-page.mjs", folder], { tolerate: true });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures > 0 ? 1 : 0;
