import { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LiveBackend } from "./context/live-backend.ts";
import { type Program, programsOf } from "./context/programs.ts";
import type { PrecompileProgress } from "./session.ts";

/** tfjs's own switch: kernels compile, without waiting, and do not run. */
const COMPILE_ONLY = "ENGINE_COMPILE_ONLY";

/** See `WebGLSession.precompile`. A shader that does not compile is forgotten again. */
export async function precompile(
  backend: LiveBackend,
  step: () => unknown,
  onProgress: (progress: PrecompileProgress) => void = () => {},
): Promise<number> {
  backend.watch.assertAlive();
  compileOnly(step);
  const programs = programsOf(backend);
  let waiting = programs.pending();
  const total = waiting.length;
  const problems: string[] = [];
  onProgress({ done: 0, total });
  while (waiting.length > 0) {
    // The page's turn: the driver compiles meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 0));
    // Of a lost context everything is said to be ready.
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
      "Update the browser or the graphics driver, or take the wasm backend.",
    );
  }
  return total;
}

/** Runs `step` while kernels compile and do not run, and variables take nothing in: what is assigned to them holds no numbers. */
function compileOnly(step: () => unknown): void {
  const { assign } = tf.Variable.prototype;
  tf.Variable.prototype.assign = () => {};
  tf.env().set(COMPILE_ONLY, true);
  try {
    tf.tidy(() => {
      tf.dispose(step() as tf.TensorContainer);
    });
  } finally {
    tf.env().set(COMPILE_ONLY, false);
    tf.Variable.prototype.assign = assign;
  }
}

/** What the driver says of a program that is ready and does not link. */
function problemOf({ gpgpu: { gl } }: LiveBackend, { webGLProgram }: Program): string | undefined {
  if (gl.getProgramParameter(webGLProgram, gl.LINK_STATUS)) return undefined;
  return gl.getProgramInfoLog(webGLProgram)?.trim() || "the driver gave no reason";
}
