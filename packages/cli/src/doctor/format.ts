import type { Diagnosis } from "./diagnose.ts";

/** A diagnosis for people: a line or two a backend. */
export function formatDiagnoses(diagnoses: readonly Diagnosis[]): string {
  return diagnoses
    .map(({ name, device, ok, reason, fix, description, gradients, matMulMs }) => {
      const right = gradients.filter((check) => check.ok).length;
      const checked = gradients.length > 0 ? `, ${right} of ${gradients.length} gradients right` : "";
      const timing = matMulMs === undefined ? "" : `, 256×256 matMul ${matMulMs} ms`;
      const head =
        `${ok ? "ok  " : "--  "}${name.padEnd(10)}${device}  ${description ?? ""}${checked}${timing}`.trimEnd();
      return [head, ...(reason ? [`      ${reason}`] : []), ...(fix ? [`      to mend it: ${fix}`] : [])].join("\n");
    })
    .join("\n");
}
