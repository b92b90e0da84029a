import * as tf from "@tensorflow/tfjs-core";

/** The index letters of an equation: `ij,jk->ik` has the operands `ij` and `jk` and the output `ik`. */
export interface Equation {
  readonly operands: readonly string[];
  readonly output: string;
}

/**
 * Parses an equation.
 *
 * @throws Error for equations that tfjs's einsum does not support either: ellipses, no arrow, an index twice in one operand,
 *   three operands.
 */
export function parseEquation(equation: string): Equation {
  const [left, output, ...rest] = equation.replaceAll(" ", "").split("->");
  if (left === undefined || output === undefined || rest.length > 0 || equation.includes(".")) {
    throw new Error(
      `einsum: "${equation}" is not an equation. Expecting exactly one arrow and no ellipsis, as in "ij,jk->ik".`,
    );
  }
  const operands = left.split(",");
  if (operands.length > 2) {
    throw new Error(`einsum: "${equation}" has more than 2 input tensors; multiply two of them first.`);
  }
  for (const operand of operands) {
    if (new Set(operand).size !== operand.length) {
      throw new Error(
        `einsum: "${equation}" has an index twice in "${operand}", a diagonal, which is not implemented yet.`,
      );
    }
  }
  const unknown = [...output].find((index) => !left.includes(index));
  if (unknown !== undefined) {
    throw new Error(`Output subscripts contain the label ${unknown} not present in the input subscripts.`);
  }
  return { operands, output };
}

/** Checks the tensors against the equation. @throws Error if their number, ranks or sizes differ. */
function checkShapes({ operands }: Equation, tensors: readonly tf.Tensor[]): void {
  if (operands.length !== tensors.length) {
    throw new Error(`einsum: Expected ${operands.length} input tensors, received ${tensors.length}.`);
  }
  const sizes = new Map<string, number>();
  for (const [i, { shape }] of tensors.entries()) {
    const indices = operands[i] as string;
    if (indices.length !== shape.length) {
      throw new Error(`einsum: input ${i} shaped [${shape}] does not have the ${indices.length} axes of "${indices}".`);
    }
    for (const [axis, index] of [...indices].entries()) {
      const size = shape[axis] as number;
      const expected = sizes.get(index) ?? size;
      if (size !== expected) {
        throw new Error(
          `einsum: expected dimension ${expected} at axis ${axis} of input shaped [${shape}], got ${size}, for "${index}".`,
        );
      }
      sizes.set(index, size);
    }
  }
}

/** Computes the einsum of one or two tensors by sums, transposes and one batched matrix product. */
export function einsum(equation: Equation, tensors: readonly tf.Tensor[]): tf.Tensor {
  checkShapes(equation, tensors);
  const { operands, output } = equation;
  const [a, b] = tensors;
  const [ia, ib] = operands;
  if (!a || ia === undefined) throw new Error("einsum: no operand.");
  if (!b || ib === undefined) return reorder(sumOut(a, ia, output), kept(ia, output), output);
  // Indices that only one operand has, and that the output lacks, are summed before the product.
  const left = sumOut(a, ia, ib + output);
  const right = sumOut(b, ib, ia + output);
  const [la, lb] = [kept(ia, ib + output), kept(ib, ia + output)];
  const both = [...la].filter((index) => lb.includes(index));
  const batch = both.filter((index) => output.includes(index)).join("");
  const contracted = both.filter((index) => !output.includes(index)).join("");
  const freeA = [...la].filter((index) => !lb.includes(index)).join("");
  const freeB = [...lb].filter((index) => !la.includes(index)).join("");
  const size = (index: string): number =>
    (la.includes(index) ? left.shape[la.indexOf(index)] : right.shape[lb.indexOf(index)]) as number;
  const sizes = (indices: string): number[] => [...indices].map(size);
  const total = (indices: string): number => sizes(indices).reduce((x, y) => x * y, 1);
  const matrixA = tf.reshape(reorder(left, la, batch + freeA + contracted), [
    total(batch),
    total(freeA),
    total(contracted),
  ]);
  const matrixB = tf.reshape(reorder(right, lb, batch + contracted + freeB), [
    total(batch),
    total(contracted),
    total(freeB),
  ]);
  const product = tf.reshape(tf.matMul(matrixA, matrixB), sizes(batch + freeA + freeB));
  return reorder(product, batch + freeA + freeB, output);
}

/** Computes the gradient of an operand: the einsum of dy with the other operand, repeated along the summed axes. */
export function einsumGradient(
  equation: Equation,
  tensors: readonly tf.Tensor[],
  which: number,
  dy: tf.Tensor,
): tf.Tensor {
  const mine = equation.operands[which] as string;
  const other = equation.operands[1 - which];
  const operands = other === undefined ? [equation.output] : [equation.output, other];
  const others = other === undefined ? [dy] : [dy, tensors[1 - which] as tf.Tensor];
  const reachable = kept(mine, operands.join(""));
  const gradient = einsum({ operands, output: reachable }, others);
  const shape = (tensors[which] as tf.Tensor).shape;
  if (reachable.length === mine.length) return gradient;
  const expanded = [...mine].map((index, axis) => (reachable.includes(index) ? (shape[axis] as number) : 1));
  return tf.broadcastTo(tf.reshape(gradient, expanded), shape);
}

const kept = (indices: string, among: string): string => [...indices].filter((index) => among.includes(index)).join("");

function sumOut(x: tf.Tensor, indices: string, needed: string): tf.Tensor {
  const axes = [...indices].flatMap((index, axis) => (needed.includes(index) ? [] : [axis]));
  return axes.length > 0 ? tf.sum(x, axes) : x;
}

function reorder(x: tf.Tensor, from: string, to: string): tf.Tensor {
  return from === to
    ? tf.clone(x)
    : tf.transpose(
        x,
        [...to].map((index) => from.indexOf(index)),
      );
}

/** Runs einsum as a kernel, which stock wasm lacks. */
export const einsumKernel: tf.KernelFunc = ({ inputs, attrs }) => {
  const tensors = Object.values(inputs) as tf.Tensor[];
  return tf.tidy(() => einsum(parseEquation(attrs?.equation as string), tensors));
};
