import type { Assembly } from "../assembly/assembly.ts";
import type { History } from "./history.ts";

/** The parts of a run that the warnings read. */
interface Run {
  readonly assembly: Assembly;
  readonly position: { readonly history: History };
  warn(line: string): void;
}

/** Losses of one label per example. A guess among K classes has the loss log K. */
const CLASSES: ReadonlySet<string> = new Set([
  ...["categoricalCrossentropy", "sparseCategoricalCrossentropy"],
  ...["softmaxCrossEntropy", "sparseSoftmaxCrossEntropy"],
]);
/** Losses of a yes or no. A guess has the loss log 2. */
const BINARY: ReadonlySet<string> = new Set(["binaryCrossentropy", "sigmoidCrossEntropy"]);

/** A first loss of more than this many guesses is not due to a new head. */
const FAR = 10;
/** Steps after which a loss should have left that of a guess. */
const PATIENCE = 30;
/** Relative distance to the loss of a guess that counts as none. */
const CLOSE = 0.01;

/** Returns the loss of a model that gives every class the same probability, or undefined if the losses do not tell. */
function guessLevel({ assembly: { lossDefinitions, adapter, options } }: Run): number | undefined {
  const [loss, ...others] = lossDefinitions;
  if (!loss || others.length > 0 || options.classWeights !== undefined) return undefined;
  if (BINARY.has(loss.name)) return Math.log(2);
  const classes = adapter.ports.outputs[0]?.shape.at(-1);
  return CLASSES.has(loss.name) && typeof classes === "number" && classes > 1 ? Math.log(classes) : undefined;
}

/** Warns if the loss of the first step is far above that of a guess. */
export function warnFirstLoss(run: Run, loss: number): void {
  const guess = guessLevel(run);
  if (guess === undefined || !(loss > FAR * guess)) return;
  run.warn(
    `The first loss is ${Number(loss.toPrecision(3))}, and a guess has ${Number(guess.toPrecision(3))}. Check that the inputs have the range that the model was trained on, and that the loss fits its last activation.`,
  );
}

/** Warns at the end of a run if the model has learned nothing. */
export function warnGuessing(run: Run): void {
  const { optimizer } = run.assembly;
  const guess = guessLevel(run);
  const loss = run.position.history.loss.at(-1);
  if (guess === undefined || loss === undefined || optimizer.step < PATIENCE) return;
  if (!(Math.abs(loss / guess - 1) <= CLOSE)) return;
  run.warn(
    `After ${optimizer.step} steps the loss is ${Number(loss.toPrecision(3))}, which is that of a guess. Check the labels and the range of the inputs, train more layers, or search for a learning rate with findLearningRate.`,
  );
}
