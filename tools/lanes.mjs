/**
 * Runs jobs in their order, several at a time. A job starts as soon as its number of lanes is free. Resolves to the results in
 * the order of the jobs. `start` must not reject.
 */
export async function runInLanes(jobs, lanes, start) {
  const running = new Set();
  let free = lanes;
  const results = [];
  for (const [i, job] of jobs.entries()) {
    const needed = Math.min(job.lanes, lanes);
    while (free < needed) await Promise.race(running);
    free -= needed;
    const task = start(job).then((result) => {
      results[i] = result;
      free += needed;
      running.delete(task);
    });
    running.add(task);
  }
  await Promise.all(running);
  return results;
}
