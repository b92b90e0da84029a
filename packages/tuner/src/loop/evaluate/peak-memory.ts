import * as tf from "@tensorflow/tfjs-core";

/** The part of tfjs-core's engine that creates every tensor. It is private, and the same in every 4.x version. */
interface Tracking {
  trackTensor(...tensor: unknown[]): void;
  readonly state: { readonly numBytes: number };
}

/** Measures the largest number of bytes that tensors take at once. */
export interface PeakMeter {
  /** Largest number of bytes since the start, counted as in `tf.memory`: tensors that share values all count. */
  readonly bytes: number;
  /** Begins again with the tensors that are alive now. */
  restart(): void;
  /** Ends the measurement. A second call does nothing. */
  stop(): void;
}

const meters = new Set<() => void>();
let unwrap: () => void = () => {};

/** Starts a measurement. It looks whenever a tensor is created, because the number of bytes can only grow then. */
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
    // If other code has wrapped the method meanwhile, it still calls this function, which then does nothing more.
    if (engine.trackTensor !== watched) return;
    if (own) engine.trackTensor = former;
    else Reflect.deleteProperty(engine, "trackTensor");
  };
}
