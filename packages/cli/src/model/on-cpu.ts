// The reference backend: what is only read needs no other.
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";

/** Sets the cpu backend, without tfjs's advice to install another. */
export async function onCpu(): Promise<void> {
  tf.env().set("PROD", true);
  await tf.setBackend("cpu");
}
