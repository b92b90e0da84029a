import * as tf from "@tensorflow/tfjs-core";
import { StateError } from "../errors.ts";
import type { ParamInfo } from "../params/params.ts";
import type { Selector } from "../params/select.ts";
import { type StateTree, visitTensors } from "./tree.ts";

/** The part of an optimizer that saving and loading need. `HookedOptimizer` has it; step code stays out of this folder. */
export interface StatefulOptimizer {
  readonly params: readonly ParamInfo[];
  readonly hooks: readonly { readonly name: string; readonly stateVersion?: number }[];
  readonly rule: { readonly name: string; readonly stateVersion?: number };
  readonly iterations: number;
  readonly frozen: readonly string[];
  readonly state: StateTree | undefined;
  initialState(frozen?: readonly string[]): StateTree;
  // biome-ignore lint/suspicious/noExplicitAny: the optimizer's own state type, which belongs to the step folder.
  replaceState(state: any, step: number): void;
  freeze(selector: Selector): void;
  unfreeze(selector: Selector): void;
}

/** Position of one tensor of the state in the buffer. Little-endian, in the order of `specs`, without gaps. */
export interface TensorSpec {
  /** Slash-separated path in the state, e.g. `rule/velocity/head/kernel`. */
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
}

/** A checkpoint of an optimizer: JSON and one buffer. */
export interface SavedState {
  readonly format: 1;
  readonly step: number;
  /** Hooks in order, then the rule. A checkpoint fits only this chain and these versions. */
  readonly parts: readonly { readonly name: string; readonly version: number }[];
  readonly frozen: readonly string[];
  /** The state, with `{ "$tensor": i }` in place of the tensor of `specs[i]`. */
  readonly tree: unknown;
  readonly specs: readonly TensorSpec[];
  readonly data: Uint8Array;
}

/** Returns the optimizer's whole state, read back once. Before the first step: the slots that it would start with. */
export async function saveState(optimizer: StatefulOptimizer): Promise<SavedState> {
  const existing = optimizer.state;
  const { head, tensors } = describeState(optimizer, existing ?? optimizer.initialState());
  const chunks = await bytesOf(tensors);
  if (!existing) tf.dispose(tensors);
  return { ...head, data: joined(chunks) };
}

/** Returns a checkpoint without its bytes, and the tensors that hold the bytes, in the order of `specs`. */
export function describeState(
  optimizer: StatefulOptimizer,
  state: StateTree,
): { readonly head: Omit<SavedState, "data">; readonly tensors: tf.Tensor[] } {
  const tensors: tf.Tensor[] = [];
  const specs: TensorSpec[] = [];
  visitTensors(state, (tensor, path) => {
    tensors.push(tensor);
    specs.push({ path, shape: tensor.shape, dtype: tensor.dtype as TensorSpec["dtype"] });
  });
  let i = 0;
  const tree = plain(state, () => i++);
  const { iterations: step, frozen } = optimizer;
  return { head: { format: 1, step, parts: parts(optimizer), frozen, tree, specs }, tensors };
}

/** Reads the bytes of all tensors together. Returns views if the backend allows it. */
export async function bytesOf(tensors: readonly tf.Tensor[]): Promise<readonly Uint8Array[]> {
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  return values.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
}

/**
 * Loads a saved state into an optimizer that was built from the same recipe, bit for bit.
 *
 * @throws StateError with every entry that is missing, extra or of another shape. The optimizer is then unchanged.
 */
export function loadState(optimizer: StatefulOptimizer, saved: SavedState): void {
  const problems = formatProblems(saved);
  if (problems.length === 0) {
    problems.push(...chainProblems(parts(optimizer), saved), ...bufferProblems(saved), ...treeProblems(saved));
    problems.push(...entryProblems(optimizer, saved));
  }
  if (problems.length > 0) {
    throw new StateError(
      `The checkpoint does not fit in ${problems.length} place(s); nothing was changed.`,
      problems.join("\n"),
    );
  }
  let at = 0;
  const tensors = saved.specs.map(({ shape, dtype }) => {
    const bytes = byteLength({ shape, dtype });
    const copy = saved.data.slice(at, at + bytes);
    at += bytes;
    const values =
      dtype === "float32" ? new Float32Array(copy.buffer) : dtype === "int32" ? new Int32Array(copy.buffer) : copy;
    return tf.tensor(values, [...shape], dtype);
  });
  optimizer.replaceState(revived(saved.tree, tensors), saved.step);
  if (optimizer.frozen.length > 0) optimizer.unfreeze("all");
  if (saved.frozen.length > 0) optimizer.freeze(({ name }) => saved.frozen.includes(name));
}

function parts({ hooks, rule }: StatefulOptimizer): SavedState["parts"] {
  return [...hooks, rule].map(({ name, stateVersion = 1 }) => ({ name, version: stateVersion }));
}

/** Checkpoints come from outside: their form is checked before anything is read from them. */
function formatProblems(saved: SavedState): string[] {
  if (typeof saved !== "object" || saved === null || saved.format !== 1) {
    return [`Its format is ${saved?.format ?? "unknown"}; this version of Graft reads format 1.`];
  }
  const lists = [saved.parts, saved.frozen, saved.specs].every(Array.isArray);
  if (!lists || !(saved.data instanceof Uint8Array) || !Number.isInteger(saved.step) || saved.step < 0) {
    return [
      "It was not written by saveState: parts, frozen and specs must be lists, data must be bytes, and step a count.",
    ];
  }
  return saved.specs
    .filter(
      ({ shape, dtype }) =>
        !["float32", "int32", "bool"].includes(dtype) || !shape.every((size) => Number.isInteger(size) && size >= 0),
    )
    .map(({ path, shape, dtype }) => `${path} is ${dtype} [${shape}], which is not a tensor's description`);
}

/** The place of each tensor in the tree must equal the path in its entry. */
function treeProblems({ tree, specs }: SavedState): string[] {
  const found = new Map<unknown, string>();
  const walk = (node: unknown, at: string): void => {
    if (typeof node !== "object" || node === null) return;
    if ("$tensor" in node) found.set(node.$tensor, at);
    else for (const [key, child] of Object.entries(node)) walk(child, at ? `${at}/${key}` : key);
  };
  walk(tree, "");
  const astray = [...found].filter(([i, path]) => specs[i as number]?.path !== path).map(([, path]) => path);
  const lost = specs.filter((_, i) => !found.has(i)).map(({ path }) => path);
  return [
    ...astray.map((path) => `${path} has no matching entry`),
    ...lost.map((path) => `${path} does not occur in the state`),
  ];
}

function chainProblems(mine: SavedState["parts"], { parts }: SavedState): string[] {
  const show = (list: SavedState["parts"]): string => list.map(({ name, version }) => `${name} v${version}`).join(", ");
  if (show(mine) === show(parts)) return [];
  return [
    `It was saved by (${show(parts)}), and this optimizer is (${show(mine)}). Build the optimizer from the recipe of the checkpoint.`,
  ];
}

function bufferProblems({ specs, data }: SavedState): string[] {
  const expected = specs.reduce((sum, spec) => sum + byteLength(spec), 0);
  return expected === data.byteLength ? [] : [`Its data has ${data.byteLength} bytes, its index says ${expected}.`];
}

/** Compares the slots by path with those of an optimizer whose frozen parameters are those of the checkpoint. */
function entryProblems(optimizer: StatefulOptimizer, { specs, frozen }: SavedState): string[] {
  const names = new Set(optimizer.params.map(({ name }) => name));
  const shapes = new Map(optimizer.params.map(({ name, shape }) => [name, shape]));
  const template = optimizer.initialState(frozen);
  const expected = new Map<string, readonly number[]>();
  visitTensors(template, (tensor, path) => {
    expected.set(path, tensor.shape);
    tensor.dispose();
  });
  const problems = frozen
    .filter((name) => !names.has(name))
    .map((name) => `${name} is frozen in the checkpoint, but the optimizer has no such parameter`);
  const stored = new Set(specs.map(({ path }) => path));
  for (const { path, shape } of specs) {
    const param = [...names].find((name) => path.endsWith(`/${name}`));
    const wanted = expected.get(path) ?? (param === undefined ? undefined : shapes.get(param));
    if (!wanted) problems.push(`${path} is in the checkpoint but not in the optimizer`);
    else if (expected.has(path) && String(wanted) !== String(shape))
      problems.push(`${path} is [${shape}], expected [${wanted}]`);
  }
  for (const path of expected.keys()) if (!stored.has(path)) problems.push(`${path} is missing from the checkpoint`);
  return problems;
}

function byteLength({ shape, dtype }: Pick<TensorSpec, "shape" | "dtype">): number {
  return shape.reduce((a, b) => a * b, 1) * (dtype === "bool" ? 1 : 4);
}

/** Joins the chunks in one buffer. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function plain(node: StateTree, next: () => number): unknown {
  if (node instanceof tf.Tensor) return { $tensor: next() };
  if (typeof node === "number" && !Number.isFinite(node)) return { $number: String(node) };
  if (node === null || typeof node !== "object") return node;
  if (Array.isArray(node)) return node.map((child: StateTree) => plain(child, next));
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, plain(child, next)]));
}

function revived(node: unknown, tensors: readonly tf.Tensor[]): StateTree {
  if (node === null || typeof node !== "object") return node as StateTree;
  if (Array.isArray(node)) return node.map((child) => revived(child, tensors));
  if ("$tensor" in node) return tensors[node.$tensor as number] as tf.Tensor;
  if ("$number" in node) return Number(node.$number);
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, revived(child, tensors)]));
}
