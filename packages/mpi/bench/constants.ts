// Measures latency and bandwidth of the links that one machine has, and writes them to bench/constants.json: shared memory, TCP on the
// loopback interface, and a virtual link between two network namespaces (needs root), with float32 and 16-bit gradients.
//
//   tsx packages/mpi/bench/constants.ts
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { bundledFrom } from "../test/ranks.ts";

const program = await bundledFrom(import.meta.dirname, "link");
const network = join(import.meta.dirname, "../../../tools/mpi/network.sh");
const local = ["mpirun", "--oversubscribe", "-n", "2"];
const LINKS: Readonly<Record<string, readonly string[]>> = {
  "shared memory": [...local, "--mca", "btl", "vader,self"],
  "TCP on the loopback interface": [...local, "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "lo"],
  "TCP on a virtual link between two network namespaces": [network],
};

const rows: Record<string, object> = {};
for (const [name, [command = "", ...flags]] of Object.entries(LINKS))
  for (const wire of ["float32", "bfloat16"]) {
    const root = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
    const env = { ROUNDS: "9", ...process.env, ...root, GRAFT_WIRE: wire };
    try {
      const args = [...flags, process.execPath, program];
      const out = execFileSync(command, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
      rows[`${name}, ${wire}`] = JSON.parse(out.split("\n").findLast((line) => line.startsWith("{")) ?? "{}") as object;
    } catch (error) {
      rows[`${name}, ${wire}`] = { failed: (error as Error).message.split("\n").slice(0, 3).join(" ") };
    }
    console.log(`${name}, ${wire}: ${JSON.stringify(rows[`${name}, ${wire}`])}`);
  }
const conditions = { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg()[0] };
writeFileSync(join(import.meta.dirname, "constants.json"), `${JSON.stringify({ conditions, rows }, null, 2)}\n`);
