import { GraftError } from "@graftjs/core";
import koffi, { type LibraryHandle } from "koffi";
import { isMpich } from "./launcher.ts";

/** No library of MPI can be loaded. */
export class MpiError extends GraftError {}

/** File names of the libraries, by their usual names on Linux and macOS. */
const OPEN_MPI = ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "/opt/homebrew/lib/libmpi.dylib"];
const MPICH = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"];

/** A loaded library, and which of the two it is. Their handles differ: Open MPI has pointers, MPICH has numbers. */
export interface MpiLibrary {
  readonly handle: LibraryHandle;
  readonly name: string;
  readonly isOpenMpi: boolean;
}

/**
 * Loads the library of the launcher that started this process.
 *
 * @param path a library at another place. @default the variable GRAFT_MPI_LIBRARY, else the usual names
 * @throws MpiError that names the package to install
 */
export function loadLibrary(path: string | undefined = process.env.GRAFT_MPI_LIBRARY): MpiLibrary {
  const usual = isMpich() ? [...MPICH, ...OPEN_MPI] : [...OPEN_MPI, ...MPICH];
  const problems: string[] = [];
  for (const name of path === undefined ? usual : [path]) {
    try {
      // Open MPI's own modules look for its symbols among the global ones.
      const handle = koffi.load(name, { global: true });
      return { handle, name, isOpenMpi: versionOf(handle).startsWith("Open MPI") };
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  throw new MpiError(
    `No MPI library could be loaded: ${problems[0]}`,
    isMpich()
      ? "Debian and Ubuntu: apt-get install libmpich12. Elsewhere: set GRAFT_MPI_LIBRARY to the path of libmpi."
      : "Debian and Ubuntu: apt-get install openmpi-bin. macOS: brew install open-mpi. Elsewhere: set GRAFT_MPI_LIBRARY to the path of libmpi.",
  );
}

function versionOf(handle: LibraryHandle): string {
  const text = Buffer.alloc(8192);
  const length = [0];
  handle.func("int MPI_Get_library_version(void *, _Out_ int *)")(text, length);
  return text.toString("utf8", 0, length[0]);
}
