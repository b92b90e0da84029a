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

/** An option, or a part of an option that is an object. */
export interface FoundOption {
  /** Name, or path such as `guard.policy`. */
  readonly path: string;
  readonly option: JsonSchema;
  readonly required: boolean;
  /** Whether the option has parts, which follow it. */
  readonly inner: boolean;
}

/** Lists the options of a schema in order, each followed by its parts if it is an object or an array of objects. */
export function optionsIn(schema: JsonSchema, path = ""): FoundOption[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    const own = `${path}${name}`;
    const inner = objectIn(option);
    const parts = inner ? optionsIn(inner, option.type === "array" ? `${own}[].` : `${own}.`) : [];
    return [
      { path: own, option, required: schema.required?.includes(name) ?? false, inner: parts.length > 0 },
      ...parts,
    ];
  });
}

function objectIn({ properties, anyOf, items, ...option }: JsonSchema): JsonSchema | undefined {
  if (properties) return { ...option, properties };
  return items?.properties ? items : anyOf?.find((choice) => choice.properties);
}

/** Options with a description: those of a plugin or of a function. */
export interface Described {
  /** Name in the marker, such as `clip-by-norm`. */
  readonly name: string;
  readonly schema: JsonSchema;
}
