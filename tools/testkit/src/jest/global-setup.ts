import { registerHooks } from 'node:module';

/*
 * Jest loads this file with Node's own loader, not with its module system: here `./x.js` means a file of that name. The hook
 * points such imports at the TypeScript beside it and packages of this workspace at their sources, so that nothing has to be built.
 */
export default async function globalSetup(): Promise<void> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const ours = { ...context, conditions: [...context.conditions, '@causeway/source'] };
      try {
        return next(specifier, ours);
      } catch (error) {
        if (!/^\.{1,2}\/.*\.js$/.test(specifier)) throw error;
        return next(specifier.replace(/\.js$/, '.ts'), ours);
      }
    },
  });
  const { startShared } = await import('../shared-cluster.js');
  hooks.deregister();
  await startShared();
}
