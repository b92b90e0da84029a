/** Options of a layer as the file writes them: Python's names in snake case. */
export type Options = Readonly<Record<string, unknown>>;

/** A layer, initializer, regularizer or constraint in a model's configuration. */
export interface Entry {
  readonly class_name: string;
  readonly config: Options;
  readonly module?: string | null;
  readonly registered_name?: string | null;
  readonly name?: string;
  readonly inbound_nodes?: readonly unknown[];
}

/** Tells whether a value is written as `{ class_name, config }`. */
export function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { class_name: name, config } = value as Partial<Entry>;
  return typeof name === "string" && typeof config === "object" && config !== null && !Array.isArray(config);
}

/** Tells whether two JSON values are equal. Undefined counts as null. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
