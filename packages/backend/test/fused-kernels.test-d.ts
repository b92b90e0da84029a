import { inPlaceKernels, tensorKernels } from "@graftjs/backend";
import type { FusedKernels } from "@graftjs/core";
import type { TensorInfo } from "@tensorflow/tfjs-core";

// Only compiled, never run: a kernel with an attribute that is not declared, or that is missing, must not compile.

/** Reads an attribute that core does not declare. */
declare function misnamed(context: unknown, attrs: { readonly betaOne: number }): void;
declare const sgd: (context: unknown, attrs: FusedKernels["GraftSgd"]) => void;

inPlaceKernels({ GraftSgd: sgd }, () => undefined);
// @ts-expect-error: GraftAdam has an attribute beta1, not betaOne
inPlaceKernels({ GraftAdam: misnamed }, () => undefined);
// @ts-expect-error: the attributes of GraftSgd are not those of GraftAdam
inPlaceKernels({ GraftAdam: sgd }, () => undefined);
// @ts-expect-error: a table of all kernels needs all kernels
inPlaceKernels<unknown, keyof FusedKernels>({ GraftSgd: sgd }, () => undefined);

/** Reads an attribute and an input that are not declared. */
declare function misnamedNorm(
  context: unknown,
  inputs: { readonly x: TensorInfo },
  attrs: { readonly eps: number },
): TensorInfo;
declare function misnamedInput(context: unknown, inputs: { readonly input: TensorInfo }): TensorInfo;

// @ts-expect-error: the attribute is named varianceEpsilon
tensorKernels({ GraftBatchNorm: misnamedNorm }, () => undefined);
// @ts-expect-error: the input is named x
tensorKernels({ GraftBatchNorm: misnamedInput }, () => undefined);
