// Installs Open MPI on Debian: the tests of packages/mpi start ranks with mpirun. Run `node tools/mpi/install-debian.mjs`. It does
// nothing if mpirun is installed. It throws if mpirun cannot be installed, because tests fail without it and are not skipped.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

const PACKAGES = ["openmpi-bin"];
const MPIRUN = "/usr/bin/mpirun";

if (!existsSync(MPIRUN)) {
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  const run = (...command) => {
    const [program, ...args] = [...sudo, ...command];
    execFileSync(program, args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  run("apt-get", "update", "-qq");
  run("apt-get", "install", "-y", "-qq", "--no-install-recommends", ...PACKAGES);
  if (!existsSync(MPIRUN))
    throw new Error(`apt-get has installed ${PACKAGES.join(" ")}, but ${MPIRUN} does not exist.`);
}
