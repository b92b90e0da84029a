/**
 * Turns a model's outputs into one probability for each class. Outputs between 0 and 1 are probabilities already. Other outputs are
 * logits. One output is the probability of the second of two classes.
 *
 * @param outputs the outputs of each example.
 * @returns one list for each example, in the order of the classes.
 */
export function probabilities(outputs: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const areLogits = outputs.some((row) => row.some((value) => value < 0 || value > 1 + 1e-5));
  return outputs.map((row) => {
    if (row.length > 1) return areLogits ? softmax(row) : row;
    const [value = 0] = row;
    const second = areLogits ? 1 / (1 + Math.exp(-value)) : value;
    return [1 - second, second];
  });
}

function softmax(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Returns the classes of one example with their probabilities, the most probable first. */
export function ranked(
  row: readonly number[],
  classes: readonly string[],
): readonly { readonly name: string; readonly probability: number }[] {
  return row
    .map((probability, i) => ({ name: classes[i] ?? String(i), probability }))
    .sort((a, b) => b.probability - a.probability);
}
