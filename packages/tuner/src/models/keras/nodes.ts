import { isEntry } from "./options/config.ts";

/** Refers to a value in a functional model: the layer, the number of its call, and the number of the output. */
export type History = readonly [layer: string, node: number, tensor: number];

/** The origin of a value that Keras 3 writes as `__keras_tensor__`; undefined for any other argument. */
export function historyOf(value: unknown): History | undefined {
  if (!isEntry(value) || value.class_name !== "__keras_tensor__") return undefined;
  return value.config.keras_history as History | undefined;
}

/** One call of a layer as Keras 3 writes it. */
export interface Call {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Returns the call, or undefined if it is in the form of Keras 2: a list of inputs. */
export function callOf(node: unknown): Call | undefined {
  if (Array.isArray(node) || typeof node !== "object" || node === null) return undefined;
  const { args = [], kwargs = {} } = node as Partial<Call>;
  return { args, kwargs };
}

/** Lists the values among a call's arguments, in order, nested lists included. */
export function valuesIn(args: unknown): History[] {
  if (Array.isArray(args)) return args.flatMap(valuesIn);
  const history = historyOf(args);
  return history ? [history] : [];
}

/** Collects triples `[layer, node, tensor]`, given as one triple, a list or a record, into a list. */
export function endsOf(value: unknown): History[] {
  if (typeof value !== "object" || value === null) return [];
  const [first] = value as readonly unknown[];
  if (typeof first === "string") return [value as unknown as History];
  return Object.values(value).flatMap(endsOf);
}
