/** Seconds that a call waits for the other ranks, unless an option says otherwise. */
export const TIMEOUT_SECONDS = 300;
