/** Returns the message of a thrown value. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error
    ? cause.message
    : ((cause as { message?: string } | undefined)?.message ?? String(cause));
}
