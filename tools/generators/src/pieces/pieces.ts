/**
 * Pieces of a service. Each is a pure function of the tree and its options: it records no step and runs nothing, so that
 * `new service` can compose them and `update` can do them again. Each has an inverse, which leaves the tree as it was,
 * byte for byte.
 *
 *   await addEvent(tree, { service, subject, summary?, field? })        removeEvent
 *   await addConsumer(tree, { service, subject, timestamp, publishes? }) removeConsumer
 *   await addCommand(tree, { service, subject, timestamp, summary?, field?, from?, publishes? }) removeCommand
 *   await addRpc(tree, { service, subject, timestamp, summary?, field? })      removeRpc
 *   await addMigration(tree, { service, name, timestamp, sql? })        removeMigration
 *   await addRoute(tree, { service, method, path, timestamp, scope?, … })      removeRoute
 *
 * `timestamp` is that of a migration, `yyyymmddhhmmss`, in UTC. A piece that needs several migrations counts seconds up.
 *
 * What they need of a service, besides its entry in tools/system/src/services.ts:
 * - src/app.module.ts: `@Module({ controllers: […], providers: […] })`, the object on several lines. Providers go into
 *   the constant `useCases` or `adapters` of the file, if it is an array, otherwise into `providers`.
 * - src/migrations.ts and prisma/schema.prisma if it has a database
 * - README.md with the lines `- **Publishes** nothing.`, `- **Consumes** no messages.` and `- **Serves** no RPCs.`, or
 *   with subjects in their place: `- **Publishes** `a.evt.b.v1`, which …`
 */
export {};
