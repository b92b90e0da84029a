import { BackendError } from "@graftjs/core";

/** The installer has nothing for this operating system, processor or device. */
export class UnsupportedPlatformError extends BackendError {}
/** The C library of this machine is not glibc, or too old for the published libraries. */
export class UnsupportedLibcError extends BackendError {}
/** A file is not the one that was pinned: another version, or damaged on its way. */
export class ChecksumError extends BackendError {}
/** Neither pip nor npm nor the configured index could be reached, or they have not got the file. */
export class DownloadError extends BackendError {}
/** The disk that holds the cache has not the room. */
export class NoSpaceError extends BackendError {}
/** The cache folder cannot be written. */
export class CacheNotWritableError extends BackendError {}
/** Another process installs into the same cache folder, or removes from it. */
export class CacheBusyError extends BackendError {}
/** The binding could not be compiled on the spot. */
export class CompileError extends BackendError {}
/** The libraries are in place and do not compute. */
export class VerifyError extends BackendError {}
/** An option is read once, while TensorFlow loads, and that has happened, or this thread cannot set it. */
export class TooLateError extends BackendError {}

/** The errno of a failed system call, as Node spells it. */
export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

/** The message of anything thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Whether a full disk or a used-up quota is what is wrong, or what stands behind it. */
export function isNoSpace(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = codeOf(cause);
  return code === "ENOSPC" || code === "EDQUOT" || isNoSpace(cause.cause);
}

/** Throws what the system would have thrown here, where the complaint of a child process (pip, npm, a compiler) is a full disk. */
export function assertSpace(stderr: string): void {
  const complaint = /^.*(?:Errno 28\b|Errno 122\b|ENOSPC|EDQUOT|No space left|quota exceeded).*$/im.exec(stderr)?.[0];
  if (complaint !== undefined) throw Object.assign(new Error(complaint.trim()), { code: "ENOSPC" });
}
