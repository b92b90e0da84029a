import type { Collective } from "@graftjs/tuner";
import { projectPackage } from "../project/project-package.ts";
import type { Io } from "../terminal/io.ts";

/** Variables that mpirun, `mpiexec` and `srun` set for each process. */
const LAUNCHERS = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE", "PMI_RANK"];

/**
 * Returns the processes that train together, if mpirun has started this one.
 *
 * @param cwd the folder of the user's project. @throws UsageError if `@graftjs/mpi` is not installed
 */
export async function ranksOfRun(cwd: string): Promise<Collective | undefined> {
  if (LAUNCHERS.every((name) => process.env[name] === undefined)) return undefined;
  const { mpi } = await projectPackage<{ mpi: () => Collective }>("@graftjs/mpi/node", cwd);
  return mpi();
}

/** Returns `io` for rank 0. The other ranks print nothing but their errors, which end the command. */
export function ioOfRank(io: Io, collective: Collective | undefined): Io {
  if (!collective || collective.rank === 0) return io;
  const silent = (): void => {};
  return { out: silent, err: silent, draw: silent, isTty: false, cwd: io.cwd };
}
