// `npm test` sets everything up and runs every check.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bin, bootstrap, root, run } from "./bootstrap.mjs";

bootstrap();
for (const folder of ["browser", "mpi"]) {
  const debian = join(root, "tools", folder, "install-debian.mjs");
  if (existsSync(debian)) run(process.execPath, [debian]);
}
process.exitCode = run(process.execPath, [join(root, "tools", "check.mjs"), ...process.argv.slice(2)], {
  tolerate: true,
  env: { PATH: `${join(bin("x"), "..")}:${process.env.PATH}` },
});
