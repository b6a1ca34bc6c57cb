/** PACKAGE_IMPORTS_EXPORTS_RESOLVE of Node.js, under the conditions of the node. */
export declare function matchImports(imports: Record<string, unknown>, key: string): string | undefined;
