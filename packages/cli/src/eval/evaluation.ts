/** An example of a known class with the model's probabilities. */
export interface Judged {
  readonly file: string;
  /** Position of its class. */
  readonly label: number;
  /** Probability of each class. */
  readonly row: readonly number[];
}

/** The figures of one class. A figure that would divide by zero is undefined. */
export interface ClassFigures {
  readonly name: string;
  readonly examples: number;
  /** Share of the predictions of this class that are right. */
  readonly precision: number | undefined;
  /** Share of the examples of this class that are found. */
  readonly recall: number | undefined;
  /** Harmonic mean of precision and recall. */
  readonly f1: number | undefined;
}

/** A file with the class that it has and the class that was predicted. */
export interface JudgedFile {
  readonly file: string;
  readonly class: string;
  readonly predicted: string;
  /** Probability of the class that it has. */
  readonly probability: number;
  /** Probability of the predicted class. */
  readonly predictedProbability: number;
}

export interface Evaluation {
  readonly examples: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly classes: readonly ClassFigures[];
  /** Number of examples by class (rows) and by predicted class (columns). */
  readonly confusion: readonly (readonly number[])[];
  /** The files whose own class has the lowest probability, worst first. */
  readonly worst: readonly JudgedFile[];
}

/**
 * Computes accuracy, confusion matrix and the figures of each class.
 *
 * @param worst number of files to list.
 */
export function evaluate(judged: readonly Judged[], names: readonly string[], worst: number): Evaluation {
  const confusion = names.map(() => names.map(() => 0));
  for (const { label, row } of judged) {
    const counts = confusion[label] as number[];
    const predicted = best(row);
    counts[predicted] = (counts[predicted] as number) + 1;
  }
  const correct = sum(names.map((_, i) => confusion[i]?.[i] as number));
  return {
    examples: judged.length,
    correct,
    accuracy: correct / judged.length,
    classes: names.map((name, i) => {
      const right = confusion[i]?.[i] as number;
      const examples = sum(confusion[i] as number[]);
      const predictions = sum(confusion.map((row) => row[i] as number));
      return {
        ...{ name, examples },
        precision: share(right, predictions),
        recall: share(right, examples),
        f1: share(2 * right, examples + predictions),
      };
    }),
    confusion,
    worst: judged
      .map(({ file, label, row }) => ({
        file,
        class: names[label] as string,
        predicted: names[best(row)] as string,
        probability: row[label] as number,
        predictedProbability: Math.max(...row),
      }))
      .sort((a, b) => a.probability - b.probability)
      .slice(0, worst),
  };
}

function best(row: readonly number[]): number {
  return row.reduce((most, value, i) => (value > (row[most] as number) ? i : most), 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function share(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
