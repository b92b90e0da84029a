/** Time limits in seconds. Browser tests and GPU tests in Node may take ten minutes. */
const LIMITS = { browser: 600 };

/** Judges a check that ended with the exit code `code` after `seconds`. The result has a `limit` if the check took too long. */
export function verdict(name, code, seconds) {
  const limit = LIMITS[name];
  const late = limit !== undefined && seconds > limit;
  return { name, ok: code === 0 && !late, seconds, ...(late ? { limit } : {}) };
}

/** Writes the line of a check that closes a run. */
export function lineOf({ name, ok, seconds, limit }) {
  return `${ok ? "ok  " : "FAIL"} ${name.padEnd(12)} ${seconds} s${limit === undefined ? "" : `, more than ${limit} s`}`;
}
