/** Runs `work`, and keeps `console.warn` from printing `lines`, which the person has read already. */
export async function withoutRepeats<T>(lines: readonly string[], work: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = (line: unknown, ...more: unknown[]) => {
    if (!lines.includes(String(line))) warn(line, ...more);
  };
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}
