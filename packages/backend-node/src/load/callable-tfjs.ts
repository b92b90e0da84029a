import * as tf from "@tensorflow/tfjs-core";

/**
 * The caller's tfjs-core as tfjs-node's files take it. They are ES5 and call `KernelBackend` as a function, which a class of
 * an ES2017 build of tfjs-core (any bundler's choice) refuses.
 */
export function callableTfjs(): object {
  function KernelBackend(this: object): object {
    return Reflect.construct(tf.KernelBackend, [], this.constructor);
  }
  KernelBackend.prototype = tf.KernelBackend.prototype;
  return { ...tf, KernelBackend };
}
