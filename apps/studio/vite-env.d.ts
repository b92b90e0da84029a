/** Vite replaces such an import by the address of an emitted file. */
declare module "*?url" {
  const url: string;
  export default url;
}
interface ImportMeta {
  readonly hot?: object;
}
