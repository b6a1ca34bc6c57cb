import type { HandlerModule } from './collector.ts';

/** The module that makes stubs call the page's `ProvenSDK`. */
export const STUB_PACKAGE = '@proven-network/sdk/stub';

/**
 * The source of the module that takes the place of a handler module: for each handler that can be called, a
 * function of the same name that calls it. Nothing of the handler module but names is in it.
 */
export function stubSource(module: HandlerModule): string {
  const lines: string[] = [];
  for (const [name, { address, kind }] of module.handlers) {
    if (kind !== 'rpc') continue;
    const call = `/* @__PURE__ */ handler(${JSON.stringify(address)})`;
    if (name === 'default') lines.push(`export default ${call};`);
    // Renamed, because a handler may have a name that no declaration can, or that of `handler` itself.
    else lines.push(`const handler_${lines.length} = ${call};`, `export { handler_${lines.length} as ${name} };`);
  }
  if (lines.length === 0) return 'export {};\n';
  return `import { handler } from '${STUB_PACKAGE}';\n${lines.join('\n')}\n`;
}
