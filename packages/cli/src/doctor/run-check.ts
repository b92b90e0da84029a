import type { DoctorCheck, DoctorContext, Finding } from "./doctor-check.ts";

/** A finding with the name of its check. */
export type Report = Finding & { readonly name: string };

/** Runs a check in this process. If it throws, the first line of the error is the reason, and the error's hint is the fix. */
export async function runCheck(name: string, check: DoctorCheck, context: DoctorContext): Promise<Report> {
  try {
    return { name, ...(await check.run(context)) };
  } catch (error) {
    const { message = String(error), hint } = Object(error) as { message?: string; hint?: string };
    const reason = (message.split("\n")[0] as string).trim();
    return { name, ok: false, reason, ...(hint ? { fix: hint } : {}) };
  }
}
