/**
 * Puts the names of classes into the order of a model's outputs, so that a model that is trained further keeps their meaning.
 *
 * @param known names of the model's classes, in order.
 * @returns `known` if it has the same names as `found`, else `found`.
 */
export function inModelOrder(found: readonly string[], known: readonly string[] | undefined): readonly string[] {
  const same = known?.length === found.length && found.every((name) => known.includes(name));
  return same ? known : found;
}
