/** Runs jobs in their order, as many at a time as the lanes allow. Resolves to the results in the order of the jobs. */
export function runInLanes<J extends { readonly lanes: number }, R>(
  jobs: readonly J[],
  lanes: number,
  start: (job: J) => Promise<R>,
): Promise<R[]>;
