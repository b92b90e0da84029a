import { compileOnly, type PrecompileProgress } from "@graftjs/backend";
import { BackendError } from "@graftjs/core";
import type { LiveBackend } from "./context/live-backend.ts";
import { type Program, programsOf } from "./context/programs.ts";

/** tfjs's flag for compiling kernels without waiting and without running them. */
const COMPILE_ONLY = "ENGINE_COMPILE_ONLY";

/** Implements `WebGLSession.precompile`. A shader that does not compile is removed from tfjs's cache. */
export async function precompile(
  backend: LiveBackend,
  step: () => unknown,
  onProgress: (progress: PrecompileProgress) => void = () => {},
): Promise<number> {
  backend.watch.assertAlive();
  compileOnly(COMPILE_ONLY, step);
  const programs = programsOf(backend);
  let waiting = programs.pending();
  const total = waiting.length;
  const problems: string[] = [];
  onProgress({ done: 0, total });
  while (waiting.length > 0) {
    // Let the page run. The driver compiles meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 0));
    // Check for a loss first, because a lost context reports every program as ready.
    backend.watch.assertAlive();
    const ready = waiting.find(([, program]) => programs.isReady(program));
    if (!ready) continue;
    waiting = waiting.filter((entry) => entry !== ready);
    const [key, program] = ready;
    const problem = problemOf(backend, program);
    if (problem === undefined) programs.finish(key, program);
    else {
      programs.forget(key);
      problems.push(problem);
    }
    onProgress({ done: total - waiting.length, total });
  }
  if (problems.length > 0) {
    throw new BackendError(
      `${problems.length} of ${total} shaders did not compile: ${problems[0]}`,
      "Update the browser or the graphics driver, or use the wasm backend.",
    );
  }
  return total;
}

/** Returns the driver's message if a program that is ready does not link. */
function problemOf({ gpgpu: { gl } }: LiveBackend, { webGLProgram }: Program): string | undefined {
  if (gl.getProgramParameter(webGLProgram, gl.LINK_STATUS)) return undefined;
  return gl.getProgramInfoLog(webGLProgram)?.trim() || "the driver gave no reason";
}
