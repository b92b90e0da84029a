/** Abilities of a backend, measured from tfjs's kernel registry. */
export interface Capabilities {
  /** Kernels that training needs and this backend lacks. */
  readonly missingKernels: readonly string[];
  readonly floatBits: 16 | 32;
  /** Whether `dataSync` works. False on WebGPU. */
  readonly syncRead: boolean;
  /** One line for people: SIMD, threads, the device's name. */
  readonly description?: string;
}

/** Whether a backend can run here. If not, it says why, and how to fix it. */
export type Availability =
  | { readonly ok: true; readonly capabilities: Capabilities }
  | { readonly ok: false; readonly reason: string; readonly fix?: string };

/** A backend that is current and ready. */
export interface BackendSession {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Backends that come before this one in the list of `openBackend`, each with the reason why it was not used. */
  readonly passedOver?: readonly string[];
  /** Undoes `init`: puts stock kernels back and ends workers. */
  dispose(): Promise<void>;
}

/** Opens one backend of tfjs. */
export interface BackendAdapter {
  readonly name: string;
  readonly device: "cpu" | "gpu";
  /** Checks whether the backend can run here. Never throws, and leaves the current backend as it is. */
  availability(): Promise<Availability>;
  /** Makes the backend current. Throws a BackendError if tfjs cannot set it (`tf.setBackend` would only return false). */
  init(): Promise<BackendSession>;
}
