import { registerHooks } from 'node:module';

/**
 * Lets Node load this workspace's TypeScript as it is, for what runs outside of Jest's module system before anything is
 * built: `./x.js` falls back to the `./x.ts` beside it, and packages resolve to their sources.
 * @returns {() => void} takes the hook away again
 */
export function loadFromSource() {
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
  return () => hooks.deregister();
}
