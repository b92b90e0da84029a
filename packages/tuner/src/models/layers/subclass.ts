import type { CallableLayer } from "./layers-model.ts";

/**
 * Whether a layer's class extends the one that it bears the name of: `getClassName` gives "Dense" for a subclass of Dense without a
 * `className` of its own, whose `call` may do anything.
 */
export function isSubclass(layer: CallableLayer): boolean {
  const name = layer.getClassName();
  const own = (type: object): boolean =>
    Object.hasOwn(type, "className") && (type as { readonly className?: unknown }).className === name;
  let type: object | null = layer.constructor;
  if (!own(type)) return true;
  for (type = Object.getPrototypeOf(type); type; type = Object.getPrototypeOf(type)) if (own(type)) return true;
  return false;
}
