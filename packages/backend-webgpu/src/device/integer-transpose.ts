import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { DataType } from "@tensorflow/tfjs-core";

type Program = Parameters<WebGPUBackend["runWebGPUProgram"]>[0];

/**
 * Corrects tfjs's transpose of whole numbers and truth values. It writes them with a function for floats, which WebGPU refuses. Sums
 * and maxima along other axes than the last, cumulative sums and `argMax` transpose their input too.
 *
 * @param from the type of the input's buffer
 * @param to the type of the result, which may differ
 */
export function withWholeNumbers(program: Program, from: DataType, to: DataType): Program {
  if (!program.shaderKey.startsWith("transpose_") || (from === "float32" && to === "float32")) return program;
  const into = to === "float32" ? "f32" : "i32";
  const write = into === "i32" ? "setOutputAtIndexI32" : "setOutputAtIndex";
  return Object.assign(Object.create(program) as Program, {
    shaderKey: `${program.shaderKey}_${from}_${to}`,
    getUserCode: () =>
      program.getUserCode().replace(/setOutputAtIndex\((\w+), (A\[[^\]]*\])\);/, `${write}($1, ${into}($2));`),
  });
}
