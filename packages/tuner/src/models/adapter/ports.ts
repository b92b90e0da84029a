/** The inputs and outputs of a model, by name and shape: what data are checked against. */
export interface Ports {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Shape with the batch on axis 0; null where any size will do. */
export interface Port {
  readonly shape: readonly (number | null)[];
}
