export function chromiumPath(): string;
export function vulkanDriver(): string;
export function installBrowser(): void;
