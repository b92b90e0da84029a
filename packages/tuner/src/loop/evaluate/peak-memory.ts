import * as tf from "@tensorflow/tfjs-core";

/** The part of tfjs-core's engine through which every tensor comes into being. Private to tfjs, the same in all of 4.x. */
interface Tracking {
  trackTensor(...tensor: unknown[]): void;
  readonly state: { readonly numBytes: number };
}

/** Watches how many bytes of tensors are alive. */
export interface PeakMeter {
  /** Most bytes alive at once since the start, counted as `tf.memory` counts them: tensors that share values count each. */
  readonly bytes: number;
  /** Begins again with the tensors that are alive now. */
  restart(): void;
  /** Twice is harmless. */
  stop(): void;
}

const meters = new Set<() => void>();
let unwrap: () => void = () => {};

/** Looks whenever a tensor is made, in whatever pass: only then can there be more of them than before. */
export function peakMeter(): PeakMeter {
  const engine = tf.engine() as unknown as Tracking;
  let bytes = 0;
  const look = (): void => {
    bytes = Math.max(bytes, engine.state.numBytes);
  };
  look();
  if (meters.size === 0) unwrap = wrap(engine);
  meters.add(look);
  return {
    get bytes() {
      return bytes;
    },
    restart() {
      bytes = 0;
      look();
    },
    stop() {
      if (meters.delete(look) && meters.size === 0) unwrap();
    },
  };
}

function wrap(engine: Tracking): () => void {
  const own = Object.hasOwn(engine, "trackTensor");
  const former = engine.trackTensor;
  const watched = (...tensor: unknown[]): void => {
    former.apply(engine, tensor);
    for (const look of meters) look();
  };
  engine.trackTensor = watched;
  return () => {
    // Somebody who wrapped it meanwhile goes on calling ours, which has nobody to tell.
    if (engine.trackTensor !== watched) return;
    if (own) engine.trackTensor = former;
    else Reflect.deleteProperty(engine, "trackTensor");
  };
}
