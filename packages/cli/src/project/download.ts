import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "../terminal/errors.ts";

/** Largest file that is downloaded, and the longest wait for more bytes. */
const [MOST_BYTES, MOST_SECONDS] = [2e9, 30];

/** Tells whether a text is an address of the web. */
export function isAddress(text: unknown): text is string {
  return typeof text === "string" && /^https?:\/\//i.test(text);
}

/**
 * Downloads a file. An old file of this name is replaced only when the whole new one has come.
 *
 * @param to absolute path. Missing folders are made.
 * @param limits for tests.
 * @throws UsageError if the server does not answer, answers with an error, or sends more than 2 GB
 */
export async function download(
  address: string,
  to: string,
  { bytes = MOST_BYTES, seconds = MOST_SECONDS }: { bytes?: number; seconds?: number } = {},
): Promise<void> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), 1000 * seconds);
  const failed = (why: string, fix: string, cause?: unknown): UsageError =>
    new UsageError(`${address} cannot be downloaded: ${why}.`, fix, { cause });
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    const response = await fetch(address, { signal: abort.signal });
    if (!response.ok) throw failed(`the server answers ${response.status}`, "Check the address in a browser.");
    for await (const part of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), 1000 * seconds);
      size += part.length;
      if (size > bytes) {
        abort.abort();
        throw failed(`it has more than ${bytes} bytes`, "Download it yourself, and give the path of the file.");
      }
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    if (abort.signal.aborted) throw failed(`nothing came for ${seconds} s`, "Try again later, or give a path.", cause);
    const reason = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message;
    throw failed(reason, "Check the address and the network.", cause);
  } finally {
    clearTimeout(timer);
  }
  const { writeFileAtomic } = await import("@graftjs/tuner");
  await mkdir(dirname(to), { recursive: true });
  await writeFileAtomic(to, Buffer.concat(parts));
}
