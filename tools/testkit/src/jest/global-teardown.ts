/**
 * `startShared` left the way to stop it on the global object: nothing else survives from Jest's global setup to here.
 */
export default async function globalTeardown(): Promise<void> {
  await (globalThis as { stopSharedCluster?: () => Promise<void> }).stopSharedCluster?.();
}
