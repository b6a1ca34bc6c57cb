import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Compilation, Compiler, NormalModule } from 'webpack';

import { Core, refusalOf, type Options, type Stub } from './core.ts';
import { Problem } from './errors.ts';

export type { Options };

const LOADER = fileURLToPath(new URL('./webpack-stub.js', import.meta.url));
const NAME = 'proven';

/** What the loader of stubs is given. */
export interface LoaderOptions {
  readonly id: string;
  /** The folder of the module that first asked for the stub: what the SDK is looked up from. */
  readonly asker: string;
}

/** Compilers by what their stubs are made by; loaders get no objects. */
const cores = new WeakMap<object, Core>();

/** The rules of the compiler that a loader runs in. */
export function coreOf(compiler: object): Core | undefined {
  return cores.get(compiler);
}

/** Replace handler modules by stubs that call them. */
export class ProvenPlugin {
  private readonly options: Options;

  constructor(options: Options = {}) {
    this.options = options;
  }

  apply(compiler: Compiler): void {
    const core = new Core(this.options);
    compiler.hooks.shouldEmit.tap(NAME, (compilation) => (compilation.errors.some(isRefusal) ? false : undefined));
    compiler.hooks.thisCompilation.tap(NAME, (compilation, { normalModuleFactory }) => {
      cores.set(compilation.compiler, core);
      normalModuleFactory.hooks.beforeResolve.tap(NAME, ({ request, contextInfo }) => {
        if (!contextInfo.issuer.startsWith(dirname(LOADER))) core.checkSpecifier(request, contextInfo.issuer || undefined);
      });
      normalModuleFactory.hooks.afterResolve.tap(NAME, (data) => {
        const { createData, request, contextInfo, dependencyType } = data;
        const stub = core.stubOf((createData.resource ?? '').replace(/[?#].*$/, ''));
        if (stub === undefined) return;
        const issuer = contextInfo.issuer || undefined;
        core.checkUse(stub, request, issuer);
        if (request.includes('!') || dependencyType === 'url' || dependencyType === 'worker') {
          throw new Problem(
            core.place(request, issuer),
            `${stub.module.path} is a handler module: only its handlers can be imported, by name`,
          );
        }
        const options: LoaderOptions = { id: stub.id, asker: dirname(issuer ?? stub.module.file) };
        createData.loaders = [{ loader: LOADER, options, ident: `${NAME}:${stub.id}`, type: 'module' }] as never;
        createData.request = `${LOADER}??${NAME}:${stub.id}!${stub.module.file}`;
        createData.settings = { ...createData.settings, sideEffects: false };
      });
      compilation.hooks.finishModules.tap(NAME, () => checkModules(core, compilation));
      compilation.hooks.processAssets.tap(
        { name: NAME, stage: compiler.webpack.Compilation.PROCESS_ASSETS_STAGE_REPORT },
        (assets) => {
          for (const [name, asset] of Object.entries(assets)) {
            report(compiler, compilation, () => core.checkOutput(name, asset.source().toString()));
          }
        },
      );
    });
  }
}

/** Replace handler modules by stubs that call them. */
export function proven(options: Options = {}): ProvenPlugin {
  return new ProvenPlugin(options);
}

export default proven;

function report(compiler: Compiler, compilation: Compilation, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    compilation.errors.push(Object.assign(new compiler.webpack.WebpackError(error.message), { error }));
  }
}

/** Whether one of a compilation's errors is this plugin's, so that nothing of it may be written. */
function isRefusal(error: Error): boolean {
  return (error as { error?: unknown }).error instanceof Problem;
}

/** Refuse what modules take from stubs once all of them are known, whatever language they are written in. */
function checkModules(core: Core, compilation: Compilation): void {
  const { compiler, moduleGraph } = compilation;
  for (const module of compilation.modules) {
    const { resource, loaders } = module as NormalModule;
    if (typeof resource !== 'string') continue;
    const own = loaders.find(({ loader }) => loader === LOADER);
    if (own === undefined) {
      report(compiler, compilation, () => core.checkSource(resource));
      continue;
    }
    const stub = core.stub((own.options as LoaderOptions).id) as Stub;
    for (const { dependency, originModule } of moduleGraph.getIncomingConnections(module)) {
      for (const used of dependency?.getReferencedExports(moduleGraph, undefined) ?? []) {
        const name = Array.isArray(used) ? used[0] : used.name[0];
        const refusal = name === undefined ? undefined : refusalOf(stub.module, name);
        if (refusal === undefined) continue;
        report(compiler, compilation, () => {
          const loc = dependency?.loc as { start?: { line: number; column: number } } | undefined;
          const file = (originModule as NormalModule | null)?.resource ?? stub.module.file;
          throw new Problem({ file, line: loc?.start?.line ?? 1, column: (loc?.start?.column ?? 0) + 1 }, refusal);
        });
      }
    }
  }
}
