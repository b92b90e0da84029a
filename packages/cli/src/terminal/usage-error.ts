import { GraftError } from "@graftjs/core";

/** The command line or a file it names is wrong: exit code 2, no stack trace. */
export class UsageError extends GraftError {}
