import { BackendError } from "@graftjs/core";

/** The installer has nothing for this operating system, processor or device. */
export class UnsupportedPlatformError extends BackendError {
  override name = "UnsupportedPlatformError";
}
/** The C library of this machine is not glibc, or too old for the published libraries. */
export class UnsupportedLibcError extends BackendError {
  override name = "UnsupportedLibcError";
}
/** A file is not the pinned one. It is another version, or was damaged during the download. */
export class ChecksumError extends BackendError {
  override name = "ChecksumError";
}
/** Neither pip nor npm nor the configured index could be reached, or none of them has the file. */
export class DownloadError extends BackendError {
  override name = "DownloadError";
}
/** The disk that holds the cache is full. */
export class NoSpaceError extends BackendError {
  override name = "NoSpaceError";
}
/** The cache folder cannot be written. */
export class CacheNotWritableError extends BackendError {
  override name = "CacheNotWritableError";
}
/** Another process is installing into the same cache folder or removing from it. */
export class CacheBusyError extends BackendError {
  override name = "CacheBusyError";
}
/** The binding could not be compiled on this machine. */
export class CompileError extends BackendError {
  override name = "CompileError";
}
/** The libraries are installed but do not compute. */
export class VerifyError extends BackendError {
  override name = "VerifyError";
}
/** An option can no longer be set, because TensorFlow has read it while loading, or because this thread is a Worker. */
export class TooLateError extends BackendError {
  override name = "TooLateError";
}

/** Returns Node's code of a failed system call, such as "ENOENT". */
export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

/** Says whether an error was caused by a full disk or a used-up quota. */
export function isNoSpace(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = codeOf(cause);
  return code === "ENOSPC" || code === "EDQUOT" || isNoSpace(cause.cause);
}

/**
 * Checks the error output of a child process (pip, npm, a compiler) for a full disk.
 *
 * @throws an error with code ENOSPC, like a system call of this process.
 */
export function assertSpace(stderr: string): void {
  const line = /^.*(?:Errno 28\b|Errno 122\b|ENOSPC|EDQUOT|No space left|quota exceeded).*$/im.exec(stderr)?.[0];
  if (line !== undefined) throw Object.assign(new Error(line.trim()), { code: "ENOSPC" });
}
