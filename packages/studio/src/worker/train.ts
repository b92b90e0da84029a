import { namedWeights, type Observer } from "@graftjs/core";
import {
  type FineTuneOptions,
  fineTune,
  fingerprint,
  indexedDbStore,
  type RunControl,
  saveDelta,
} from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import type { CurvePoint, Picture, Result } from "../project/project.ts";
import type { Training } from "../protocol.ts";
import { computeFeatures, pixelsOfPicture } from "./add-pictures.ts";
import { predict } from "./answers.ts";
import { batchOf } from "./base.ts";
import { type Examples, splitExamples } from "./examples.ts";
import { modelCardOf } from "./model-file.ts";
import { deepRecipe, headRecipe } from "./recipe.ts";
import type { Run, Session, Trained } from "./session.ts";

/**
 * Trains the head on the stored features, and with more effort also layers before the head. The weights and the result are stored at
 * the end. A run of the deep layers continues from its newest checkpoint. Nothing is stored if the session has dropped `control`.
 */
export async function train(session: Session, run: Run, control: RunControl): Promise<void> {
  const { base } = session;
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  session.training = {
    effort: run.effort,
    stage: "head",
    status: "preparing",
    step: 0,
    steps: 0,
    curve: [],
    secondsLeft: undefined,
  };
  session.changed();
  await computeFeatures(session, () => !control.stopped);
  if (session.control !== control) return;
  const parts = splitExamples(session, run);
  const model = await base.fresh(run.classes.length);
  const print = await fingerprint(namedWeights(model));
  const work: Work = { session, run, parts, model, control };
  let curve = await trainHead(work);
  if (run.effort !== "head" && !control.stopped) curve = await trainDeep(work);
  if (session.control !== control) {
    model.dispose();
    return;
  }
  const checked = await check(run, parts.heldOut, (some) => sharesOf(session, run, model, some));
  const delta = await saveDelta(model, { base: print }, { card: modelCardOf(session, run) });
  const learned = parts.learn.pictures.map(({ id }) => id);
  const { effort, classes } = run;
  const result: Result = { effort, classes, learned, ...checked, seconds: seconds(), curve };
  if (!control.stopped && session.secondsPerPicture)
    session.measured[effort] = seconds() / (run.ids.length * session.secondsPerPicture);
  await keep(session, { result, delta }, model);
}

type Parts = ReturnType<typeof splitExamples>;

/** A training with its examples and its model. */
interface Work {
  readonly session: Session;
  readonly run: Run;
  readonly parts: Parts;
  readonly model: layers.LayersModel;
  readonly control: RunControl;
}

/** Trains a dense layer on the features and copies it into the model. */
async function trainHead({ session, run, parts, model, control }: Work): Promise<Curve> {
  const target = model.getLayer("head");
  const head = layers.layers.dense({
    units: run.classes.length,
    inputShape: [session.base.size],
    activation: "softmax",
    name: "head",
  });
  const small = layers.sequential({ layers: [head] });
  head.setWeights(target.getWeights());
  const xs = ({ pictures }: Examples): tf.Tensor =>
    tf.tensor2d(
      pictures.flatMap(({ id }) => [...(session.features.get(id) as Float32Array)]),
      [pictures.length, session.base.size],
    );
  const curve = await tune(session, run, small, { ...headRecipe(), control }, parts, xs);
  target.setWeights(head.getWeights());
  small.dispose();
  return curve;
}

async function trainDeep({ session, run, parts, model, control }: Work): Promise<Curve> {
  const { side } = session.base;
  const pixels = new Map<string, Float32Array>();
  for (const picture of [...parts.learn.pictures, ...parts.heldOut.pictures])
    pixels.set(picture.id, await pixelsOfPicture(picture, session.base));
  const xs = ({ pictures }: Examples): tf.Tensor =>
    batchOf(
      pictures.map(({ id }) => pixels.get(id) as Float32Array),
      side,
    );
  const recipe = deepRecipe(model, run.effort === "whole" ? "whole" : "blocks", parts.learn.pictures.length);
  const checkpoint = { to: indexedDbStore(session.runs), resume: true, keep: 1 };
  return tune(session, run, model, { ...recipe, checkpoint, control }, parts, xs);
}

type Curve = readonly CurvePoint[];

/** Runs `fineTune`, shows its progress, and frees the data. */
async function tune(
  session: Session,
  run: Run,
  model: layers.LayersModel,
  recipe: Omit<FineTuneOptions, "data">,
  { learn, heldOut }: Parts,
  xs: (examples: Examples) => tf.Tensor,
): Promise<Curve> {
  const data = (examples: Examples): { xs: tf.Tensor; ys: tf.Tensor } => ({
    xs: xs(examples),
    ys: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([...examples.labels], "int32"), run.classes.length), "float32")),
  });
  const curve: CurvePoint[] = [];
  const given = { data: data(learn), ...(heldOut.pictures.length > 0 ? { validation: data(heldOut) } : {}) };
  try {
    const observers = [observe(session, run, model.layers.length > 2 ? "deep" : "head", curve)];
    const result = await fineTune(model, { ...recipe, ...given, observers });
    result.restore();
    return curve;
  } finally {
    tf.dispose([given.data.xs, given.data.ys]);
    if (given.validation) tf.dispose([given.validation.xs, given.validation.ys]);
  }
}

/** Shows each epoch, and the progress at most ten times per second. */
function observe(session: Session, { effort }: Run, stage: Training["stage"], curve: CurvePoint[]): Observer {
  const point = ({ loss = 0, acc, accuracy, val_acc, val_accuracy }: Readonly<Record<string, number>>): CurvePoint => ({
    loss,
    accuracy: acc ?? accuracy ?? 0,
    heldOut: val_acc ?? val_accuracy,
  });
  let steps = 0;
  let first = { step: 0, time: 0 };
  let shown = 0;
  const show = (step: number, force: boolean): void => {
    const now = performance.now();
    if (!force && now - shown < 100) return;
    shown = now;
    const done = step - first.step;
    const secondsLeft = done < 3 ? undefined : ((now - first.time) / 1000 / done) * (steps - step);
    const status = session.control?.paused ? "paused" : "running";
    session.training = { effort, stage, status, step, steps, curve: [...curve], secondsLeft };
    session.changed();
  };
  return {
    runStart({ epochs, stepsPerEpoch, step, earlier = [] }) {
      steps = epochs * stepsPerEpoch;
      for (const { logs } of earlier) curve.push(point(logs));
      first = { step, time: performance.now() };
      show(step, true);
    },
    stepEnd: ({ step }) => show(step, false),
    epochEnd({ step, logs }) {
      curve.push(point(logs));
      show(step, true);
    },
  };
}

/** Compares the answers for the pictures kept aside with their classes. */
async function check(
  { classes }: Run,
  { pictures, labels }: Examples,
  answer: (pictures: readonly Picture[]) => Promise<readonly (readonly number[])[]>,
): Promise<Pick<Result, "confusion" | "wrong">> {
  const confusion = classes.map(() => classes.map(() => 0));
  const wrong: { id: string; classId: string; answer: string }[] = [];
  for (let from = 0; from < pictures.length; from += 16) {
    const some = pictures.slice(from, from + 16);
    const rows = await answer(some);
    rows.forEach((row, i) => {
      const [label, answer] = [labels[from + i] as number, row.indexOf(Math.max(...row))];
      const counts = confusion[label] as number[];
      counts[answer] = (counts[answer] ?? 0) + 1;
      const { id, classId } = some[i] as (typeof some)[number];
      if (answer !== label) wrong.push({ id, classId, answer: classes[answer]?.id ?? "" });
    });
  }
  return { confusion, wrong };
}

/** Computes the answers for stored pictures. If only the head was trained, their features are still those of the model. */
async function sharesOf(
  session: Session,
  { effort }: Run,
  model: layers.LayersModel,
  pictures: readonly Picture[],
): Promise<readonly (readonly number[])[]> {
  const { base, features } = session;
  if (effort !== "head") {
    const pixels = await Promise.all(pictures.map((picture) => pixelsOfPicture(picture, base)));
    return predict(model, pixels, base.side);
  }
  const rows = tf.tidy(() => {
    const xs = tf.stack(pictures.map(({ id }) => tf.tensor1d(features.get(id) as Float32Array)));
    return model.getLayer("head").apply(xs) as tf.Tensor2D;
  });
  const shares = await rows.array();
  rows.dispose();
  return shares;
}

/** Stores a result. The one before stays, so that the training can be undone. */
async function keep(session: Session, trained: Trained, model: layers.LayersModel): Promise<void> {
  const previous = session.trained;
  await session.database.write({ trained, previous, run: undefined, measured: session.measured });
  session.model?.dispose();
  Object.assign(session, { trained, previous, model, run: undefined });
}
