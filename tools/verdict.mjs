/** Longest that a check may take, in seconds: the browser and Node GPU tests have ten minutes of CI. */
const LIMITS = { browser: 600 };

/** What is written of a check that ended with `code` after `seconds`; `limit` where it took longer than it may. */
export function verdict(name, code, seconds) {
  const limit = LIMITS[name];
  const late = limit !== undefined && seconds > limit;
  return { name, ok: code === 0 && !late, seconds, ...(late ? { limit } : {}) };
}

/** The line that closes a run. */
export function lineOf({ name, ok, seconds, limit }) {
  return `${ok ? "ok  " : "FAIL"} ${name.padEnd(12)} ${seconds} s${limit === undefined ? "" : `, more than ${limit} s`}`;
}
