import type { FusedKernels } from "@graftjs/core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../../device/internals.ts";
import { bufferOf, writableBuffer } from "../dispatch/buffers.ts";
import { dispatchStep, submit } from "../dispatch/dispatch.ts";
import { assertLists } from "../dispatch/tensor-lists.ts";
import type { StepShader } from "../dispatch/wgsl.ts";

const scale: StepShader = {
  key: "GraftScaleAll",
  written: ["y"],
  read: ["x"],
  numbers: [],
  shared: [],
  common: { factor: "read" },
  element: (a) => `${a("y")} = ${a("x")} * factor[0];`,
};

/** Runs `GraftScaleAll`: outputsᵢ ← tensorsᵢ · factor, with several tensors per dispatch. */
export function scaleAllKernel(
  backend: StockInternals,
  { tensors, outputs, factor }: FusedKernels["GraftScaleAll"],
): void {
  assertLists("GraftScaleAll", { tensors, outputs }, ["outputs"]);
  assertLists("GraftScaleAll", { factor: [factor] }, []);
  const parts = tensors.map((tensor, i) => ({
    size: tensor.size,
    buffers: [writableBuffer(backend, outputs[i] as Tensor), bufferOf(backend, tensor)],
    numbers: [],
  }));
  dispatchStep(backend, scale, parts, [], [bufferOf(backend, factor)]);
  submit(backend);
}
