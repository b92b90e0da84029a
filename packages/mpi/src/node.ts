// The public names that need Node: the collective of MPI.
export { MpiError } from "./mpi/library.ts";
export { isLaunched } from "./mpi/launcher.ts";
export { type MpiOptions, mpi } from "./mpi/open-mpi.ts";
export type { Wire } from "./wire/formats.ts";
