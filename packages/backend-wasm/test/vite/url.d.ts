/** Vite's address of an emitted file. */
declare module "*?url" {
  const url: string;
  export default url;
}
