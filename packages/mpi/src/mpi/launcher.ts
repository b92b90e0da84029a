import { fstatSync } from "node:fs";

/** Variables that launchers set for each rank: mpirun of Open MPI, `mpiexec` of MPICH, and `srun` with PMI or PMIx. */
const VARIABLES = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE", "PMI_RANK", "MPIEXEC_HOSTNAME"];

/** Tells whether a launcher of MPI has started this process. */
export function isLaunched(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return VARIABLES.some((name) => env[name] !== undefined && env[name] !== "");
}

/** Tells whether the launcher belongs to MPICH. */
export function isMpich(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return env.OMPI_COMM_WORLD_SIZE === undefined && env.PMIX_RANK === undefined && isLaunched(env);
}

/**
 * Tells whether a program between MPICH's mpirun and this process has closed the connection to mpirun. `npx` and `tsx` do so, because they
 * start a process of their own.
 */
export function isCutOff(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  if (!isMpich(env) || env.PMI_FD === undefined) return false;
  try {
    return !fstatSync(Number(env.PMI_FD)).isSocket();
  } catch {
    return true;
  }
}
