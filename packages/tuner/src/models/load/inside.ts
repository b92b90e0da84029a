import { LoadError } from "../../files/load-error.ts";

/**
 * Checks that a path stays in its folder: it must be relative, without `..`, scheme or drive, for all separators and
 * percent-encodings. Control characters and surrounding spaces are refused too, because URLs drop them and the rest may be another
 * path (".\t./secret").
 *
 * @throws LoadError if the path may leave the folder.
 */
export function assertInside(path: string, file: string): void {
  let plain = path;
  try {
    plain = decodeURIComponent(path);
  } catch {
    // The path is not percent-encoded, so it is checked unchanged.
  }
  const parts = [path, plain].flatMap((form) => form.split(/[\\/]/));
  const leaves = /^([\\/]|[a-z][a-z0-9+.-]*:)/i.test(path) || /^([\\/]|[a-z][a-z0-9+.-]*:)/i.test(plain);
  const hidden = [path, plain].some((form) => /\p{Cc}/u.test(form) || form !== form.trim());
  if (path === "" || leaves || hidden || parts.includes("..")) {
    throw new LoadError(
      `${file} names the weights file ${JSON.stringify(path)}, outside its folder.`,
      "Use a path relative to the folder. Other paths are refused, because a downloaded model could read any file that way.",
    );
  }
}
