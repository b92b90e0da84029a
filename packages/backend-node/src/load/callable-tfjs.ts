import * as tf from "@tensorflow/tfjs-core";

/**
 * Returns the caller's tfjs-core in a form that tfjs-node's files can use. They are ES5 and call `KernelBackend` as a function. The
 * class of an ES2017 build of tfjs-core, which every bundler chooses, does not allow that.
 */
export function callableTfjs(): object {
  function KernelBackend(this: object): object {
    return Reflect.construct(tf.KernelBackend, [], this.constructor);
  }
  KernelBackend.prototype = tf.KernelBackend.prototype;
  return { ...tf, KernelBackend };
}
