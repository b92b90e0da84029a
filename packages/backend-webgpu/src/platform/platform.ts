/** Access to the GPUs of one platform: a browser, or Node. */
export interface Platform {
  /**
   * Returns the platform's WebGPU entry point.
   *
   * @throws UnavailableError, with the reason and the fix, if the platform has none.
   */
  gpu(): Promise<GPU>;
  /** Advice for the user if `requestAdapter()` returns null. */
  readonly noAdapterFix: string;
}
