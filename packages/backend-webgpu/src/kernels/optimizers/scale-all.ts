import type { KernelFunc, Tensor } from "@tensorflow/tfjs-core";
import { internals } from "../../device/internals.ts";
import { begin } from "../dispatch/live-internals.ts";
import { assertLists, bufferOf, writableBuffer } from "../dispatch/buffers.ts";
import { dispatchStep, submit } from "../dispatch/dispatch.ts";
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

/** `GraftScaleAll`: outputsᵢ ← tensorsᵢ · factor, a few tensors a dispatch. */
export const scaleAllKernel: KernelFunc = ({ attrs, backend: given }) => {
  const { tensors, outputs, factor } = attrs as unknown as {
    readonly tensors: readonly Tensor[];
    readonly outputs: readonly Tensor[];
    readonly factor: Tensor;
  };
  const backend = internals(begin(given));
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
