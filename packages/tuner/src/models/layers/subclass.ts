import type { CallableLayer } from "./layers-model.ts";

/**
 * Tells whether a layer's class extends the class that `getClassName` names. A subclass of Dense without its own `className` is
 * called "Dense" too, but its `call` may do anything.
 */
export function isSubclass(layer: CallableLayer): boolean {
  const name = layer.getClassName();
  const declaresName = (type: object): boolean =>
    Object.hasOwn(type, "className") && (type as { readonly className?: unknown }).className === name;
  let type: object | null = layer.constructor;
  if (!declaresName(type)) return true;
  for (type = Object.getPrototypeOf(type); type; type = Object.getPrototypeOf(type)) {
    if (declaresName(type)) return true;
  }
  return false;
}
