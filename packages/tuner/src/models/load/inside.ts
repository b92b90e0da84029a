import { LoadError } from "./load-safetensors.ts";

/**
 * A path that stays in its folder: relative, without `..`, without a scheme or a drive, whatever the separators and
 * percent-encodings. Control characters and spaces around it are refused too: addresses drop them, and what is left may be another
 * path (".\t./secret").
 *
 * @throws LoadError otherwise.
 */
export function assertInside(path: string, file: string): void {
  let plain = path;
  try {
    plain = decodeURIComponent(path);
  } catch {
    // Not percent-encoded: judged as it stands.
  }
  const parts = [path, plain].flatMap((form) => form.split(/[\\/]/));
  const leaves = /^([\\/]|[a-z][a-z0-9+.-]*:)/i.test(path) || /^([\\/]|[a-z][a-z0-9+.-]*:)/i.test(plain);
  const hidden = [path, plain].some((form) => /\p{Cc}/u.test(form) || form !== form.trim());
  if (path === "" || leaves || hidden || parts.includes("..")) {
    throw new LoadError(
      `${file} names the weights ${JSON.stringify(path)}, outside its folder.`,
      "A model from elsewhere could read any file that way; it is refused.",
    );
  }
}
