import { formStyles } from "./styles/forms.ts";
import { partStyles } from "./styles/parts.ts";
import { tokenStyles } from "./styles/tokens.ts";

/** The style sheet of the component. An embedding page changes its look by the custom properties of `:host`. */
export const styles: string = [tokenStyles, formStyles, partStyles].join("\n");
