import type { LayersModel } from "@tensorflow/tfjs-layers";
import type * as tf from "@tensorflow/tfjs-core";

/** Examples in memory: inputs with the examples on axis 0, and one-hot labels [n, classes]. */
export interface Examples {
  readonly xs: tf.Tensor4D;
  readonly ys: tf.Tensor;
}

/** The data of a task for one seed. */
export interface TaskData {
  readonly train: Examples;
  readonly test: Examples;
  /** Examples of a shifted domain. Nothing is trained on that domain. */
  readonly shifted: Examples;
  /** Inputs on which the answers of the old classifier are compared before and after. */
  readonly old: Examples;
}

/** A model for one run. */
export interface TaskModel {
  /** The model with a new head. */
  readonly tuned: LayersModel;
  /** The pretrained model with its own head. It shares the layers of the body with `tuned`. */
  readonly whole: LayersModel;
  dispose(): void;
}

/** A task of the study. */
export interface Task {
  readonly name: string;
  open(seed: number): Promise<TaskData>;
  model(seed: number): Promise<TaskModel>;
}
