/** The options that were given, by name. The value of an option that may be given several times is a list. */
export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
