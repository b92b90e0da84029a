/** The part of JSON Schema that options are described in. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  /** Kind of the plugin that the option holds. */
  readonly plugin?: string;
  /** Recipes cannot write the option. */
  readonly codeOnly?: boolean;
}

/** Options with a description: those of a plugin or of a function. */
export interface Described {
  /** Name in the marker, such as `clip-by-norm`. */
  readonly name: string;
  readonly schema: JsonSchema;
}
