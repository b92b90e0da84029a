/**
 * Module names in PyTorch by stable layer path: `{ "encoder/q": "encoder.layer.0.attention.self.query" }`, or a function. A path
 * that the map lacks becomes a module name by writing `.` for `/`.
 */
export type ModuleNames = Readonly<Record<string, string>> | ((path: string) => string);

/** Returns the module name of a layer. */
export function moduleName(path: string, names: ModuleNames = {}): string {
  if (typeof names === "function") return names(path);
  return Object.hasOwn(names, path) ? (names[path] as string) : path.replaceAll("/", ".");
}

/** Tells whether a list of PEFT's names covers a module: each name is a whole module name or its end after a dot. */
export function covers(list: readonly string[], module: string): boolean {
  return list.some((name) => module === name || module.endsWith(`.${name}`));
}

/** Tells whether a list of PEFT's names covers a module or a module around it. */
export function coversAround(list: readonly string[], module: string): boolean {
  const parts = module.split(".");
  return parts.some((_, i) => covers(list, parts.slice(0, i + 1).join(".")));
}
