import { LoadError } from "./load-safetensors.ts";

/**
 * A path that stays in its folder: relative, without `..`, without a scheme, a drive or a NUL, whatever the separators and
 * percent-encodings.
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
  if (path === "" || leaves || parts.includes("..") || plain.includes("\0")) {
    throw new LoadError(
      `${file} names the weights ${JSON.stringify(path)}, outside its folder.`,
      "A model from elsewhere could read any file that way; it is refused.",
    );
  }
}
