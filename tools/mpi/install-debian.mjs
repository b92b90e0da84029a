// Installs Open MPI and iproute2 on Debian: the tests of packages/mpi start ranks with mpirun, also in network namespaces. Run
// `node tools/mpi/install-debian.mjs`. It does nothing if both are installed. It throws if they cannot be installed, because tests fail
// without them and are not skipped.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

const PACKAGES = ["openmpi-bin", "iproute2"];
const PROGRAMS = ["/usr/bin/mpirun", "/bin/ip"];
const missing = () => PROGRAMS.filter((path) => !existsSync(path));

if (missing().length > 0) {
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  const run = (...command) => {
    const [program, ...args] = [...sudo, ...command];
    execFileSync(program, args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  run("apt-get", "update", "-qq");
  run("apt-get", "install", "-y", "-qq", "--no-install-recommends", ...PACKAGES);
  if (missing().length > 0)
    throw new Error(`${PACKAGES.join(" and ")} are installed, but not: ${missing().join(", ")}.`);
}
