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
