// Reading a model needs no fast backend, so commands that only read one use tfjs's plain JavaScript backend.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";

/** Makes tfjs's cpu backend the current one, without the advice to install another one that tfjs prints. */
export async function useCpuBackend(): Promise<void> {
  tf.env().set("PROD", true);
  await tf.setBackend("cpu");
}
