// Reads the public names of a package and their doc comments, for the tests that pin them.
import ts from "typescript";

/** A name that an index exports. `symbol` is the declaration behind it. */
export interface ExportedName {
  readonly name: string;
  readonly symbol: ts.Symbol;
}

/** The exported names of one index file, with access to their doc comments. */
export interface PublicApi {
  readonly exported: readonly ExportedName[];
  /** Returns the text of the doc comment. */
  doc(symbol: ts.Symbol): string;
  /** Returns the names of the tags in the doc comment. */
  tags(name: string): readonly string[];
  /** Returns `Options.property` for each property of an exported `…Options` type that has no doc comment. */
  bareOptions(except?: readonly string[]): readonly string[];
}

/** Reads the index file at `path`. */
export function publicApi(path: string): PublicApi {
  const program = ts.createProgram([path], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(path) as ts.SourceFile) as ts.Symbol;
  const exported = checker.getExportsOfModule(module).map((symbol) => ({
    name: symbol.name,
    symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  }));
  const doc = (symbol: ts.Symbol): string => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
  return {
    exported,
    doc,
    tags: (name) =>
      exported
        .find((one) => one.name === name)
        ?.symbol.getJsDocTags(checker)
        .map((tag) => tag.name) ?? [],
    bareOptions: (except = []) =>
      exported
        .filter(({ name }) => name.endsWith("Options"))
        .flatMap(({ name, symbol }) =>
          checker
            .getDeclaredTypeOfSymbol(symbol)
            .getProperties()
            .filter((property) => doc(property) === "" && !except.includes(property.name))
            .map((property) => `${name}.${property.name}`),
        ),
  };
}
