import type { KernelFunc, Tensor } from "@tensorflow/tfjs-core";
import { bufferOf, liveInternals, writableBuffer } from "../dispatch/buffers.ts";
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
export const scaleAllKernel: KernelFunc = ({ attrs, backend: given }) => {
  const { tensors, outputs, factor } = attrs as unknown as {
    readonly tensors: readonly Tensor[];
    readonly outputs: readonly Tensor[];
    readonly factor: Tensor;
  };
  const backend = liveInternals(given);
  assertLists("GraftScaleAll", { tensors, outputs }, ["outputs"]);
  assertLists("GraftScaleAll", { factor: [factor] }, []);
  const parts = tensors.map((tensor, i) => ({
    size: tensor.size,
    buffers: [writableBuffer(backend, outputs[i] as Tensor), bufferOf(backend, tensor)],
    numbers: [],
  }));
  dispatchStep(backend, scale, parts, [], [bufferOf(backend, factor)]);
  submit(backend);
  return [];
};
