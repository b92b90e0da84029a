/** Class means of features, and the mean over all classes that is subtracted first. */
export interface ClassMeans {
  readonly classIds: readonly string[];
  readonly centre: Float64Array;
  /** Unit vectors from the centre to each class mean. */
  readonly directions: readonly Float64Array[];
}

/** How strongly a difference in direction changes the shares. */
const SHARPNESS = 8;

/**
 * Computes the means of some classes. Every class counts the same, whatever its number of pictures.
 *
 * @param groups features of the pictures of each class. A class without pictures is left out.
 * @returns undefined if less than two classes have pictures
 */
export function classMeans(groups: ReadonlyMap<string, readonly Float32Array[]>): ClassMeans | undefined {
  const filled = [...groups].filter(([, rows]) => rows.length > 0);
  if (filled.length < 2) return undefined;
  const means = filled.map(([, rows]) => mean(rows));
  const centre = mean(means);
  const directions = means.map((values) => unit(values.map((value, i) => value - (centre[i] as number))));
  return { classIds: filled.map(([id]) => id), centre, directions };
}

/** Returns the share of each class for a picture: a softmax over the cosines between the picture and the class means. */
export function nearestMean({ centre, directions }: ClassMeans, features: Float32Array): readonly number[] {
  const direction = unit(Float64Array.from(features, (value, i) => value - (centre[i] as number)));
  const cosines = directions.map((mean) => mean.reduce((sum, value, i) => sum + value * (direction[i] as number), 0));
  const powers = cosines.map((cosine) => Math.exp(SHARPNESS * cosine));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function mean(rows: readonly ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (row[i] as number);
  return sum.map((value) => value / rows.length);
}

function unit(values: Float64Array): Float64Array {
  const norm = Math.hypot(...values);
  return norm > 0 ? values.map((value) => value / norm) : values;
}
