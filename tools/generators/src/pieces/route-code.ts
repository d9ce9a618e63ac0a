import type { Imported } from '../edit/imports.js';
import type { RouteResource } from './resource.js';
import type { Column } from './table.js';

/** What a route does, from its method and its path. */
export type RouteOperation = 'list' | 'find' | 'create' | 'replace' | 'remove';

/** One operation as a route asks for it. */
export interface OperationChoice {
  readonly operation: RouteOperation;
  /** As in `scopes.profile`. Absent: open to everybody. */
  readonly scope?: string;
  readonly idempotent: boolean;
  readonly versioned: boolean;
  /** The function that publishes an event with the change, and its module. */
  readonly publishes?: { readonly name: string; readonly file: string; readonly data: string };
}

/** Members of the four places of a resource. */
export interface OperationCode {
  /** In the interface that the use cases have of the store. */
  readonly port: string;
  readonly useCase: string;
  readonly store: string;
  readonly controller: string;
  readonly imports: {
    readonly useCases: readonly Imported[];
    readonly store: readonly Imported[];
    readonly controller: readonly Imported[];
  };
}

const contracts = '@causeway/contracts';
const persistence = '@causeway/persistence';
const types = (from: string, ...names: string[]): Imported[] => names.map((name) => ({ name, from, type: true }));
const values = (from: string, ...names: string[]): Imported[] => names.map((name) => ({ name, from }));

/** @param body columns of the body @param all columns of the table */
export function codeOf(
  resource: RouteResource,
  choice: OperationChoice,
  body: readonly Column[],
  all: readonly Column[],
): OperationCode {
  const context = { resource, choice, body, all, ...namesOf(resource) };
  return { list, find, create, replace, remove }[choice.operation](context);
}

const namesOf = ({ thing, things }: RouteResource) => ({
  view: `${thing.pascal}View`,
  bodyType: `${thing.pascal}Body`,
  place: `${thing.pascal}Place`,
  tx: `tx.${things.camel}`,
  idName: `${thing.camel}Id`,
});

interface Context extends ReturnType<typeof namesOf> {
  readonly resource: RouteResource;
  readonly choice: OperationChoice;
  readonly body: readonly Column[];
  readonly all: readonly Column[];
}

/** `"owner_id" = …` and the ids above, with the number of the first parameter. */
function whereOf({ parents }: RouteResource, first: number): string {
  const owner = `($${first}::uuid IS NULL OR "owner_id" = $${first})`;
  return [owner, ...parents.map((parent, index) => `"${columnName(parent)}" = $${first + 1 + index}`)].join(' AND ');
}
const placeValues = ({ parents }: RouteResource): string =>
  ['place.ownerId ?? null', ...parents.map((parent) => `place.${parent}`)].join(', ');
export const columnName = (field: string): string => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const selected = (all: readonly Column[]): string => all.map(({ name }) => `"${name}"`).join(', ');

function list({ resource, choice, all, view, place, tx }: Context): OperationCode {
  const { things, table, parents, parentTable } = resource;
  const next = 2 + parents.length;
  const parent = parents.at(-1);
  const exists = parentTable !== undefined && parent !== undefined;
  const check = exists
    ? `const { rowCount } = await this.sql.query('SELECT FROM "${parentTable}" WHERE "id" = $1', [place.${parent}]);
    if (rowCount === 0) throw new NotFound(\`${parent} \${place.${parent}}\`);
    `
    : '';
  return {
    port: `/** Newest first. @throws CursorInvalid${exists ? ', NotFound' : ''} */
      list(place: ${place}, query: PageQuery): Promise<Page<${view}>>;`,
    useCase: `/** Newest first. @throws CursorInvalid${exists ? ', NotFound' : ''} */
      list(place: ${place}, query: PageQuery): Promise<Page<${view}>> {
        return this.uow.${exists ? 'run' : 'single'}((tx) => ${tx}.list(place, query));
      }`,
    store: `async list(place: ${place}, { limit, cursor }: PageQuery): Promise<Page<${view}>> {
      ${check}const before = cursor === undefined ? null : cursors.decode(cursor, 1)[0];
      // Ids are UUIDv7, so they sort by the time of creation.
      const { rows } = await this.sql.query<Row>(
        \`SELECT ${selected(all)} FROM "${table}"
          WHERE ${whereOf(resource, 1)} AND ($${next}::uuid IS NULL OR "id" < $${next})
          ORDER BY "id" DESC LIMIT $${next + 1}\`,
        [${placeValues(resource)}, before, limit + 1],
      );
      const page = keysetPage(rows, limit, cursors, ({ id }) => [id]);
      return { items: page.items.map(viewOf), nextCursor: page.nextCursor };
    }`,
    controller: `@Get()
      ${guard(choice)}
      list(${parameters(resource, choice, `@ZodQuery(pageQuery) query: PageQuery`)}): Promise<Page<${view}>> {
        return this.${things.camel}.list(${placeCode(resource, choice)}, query);
      }`,
    imports: {
      useCases: types(contracts, 'Page', 'PageQuery'),
      store: [
        ...types(contracts, 'Page', 'PageQuery'),
        ...values(persistence, 'keysetPage'),
        ...(exists ? values('@causeway/errors', 'NotFound') : []),
      ],
      controller: [
        ...types(contracts, 'Page', 'PageQuery', view),
        ...values(contracts, 'pageQuery'),
        ...values('@causeway/service-host', 'ZodQuery'),
        ...values('@nestjs/common', 'Get'),
        ...common(choice, resource, false),
      ],
    },
  };
}

function find({ resource, choice, view, place, tx, idName }: Context): OperationCode {
  const { things, thing } = resource;
  return {
    port: '',
    useCase: `/** @throws NotFound, also for somebody else’s */
      async find(id: string, place: ${place}): Promise<${view}> {
        const found = await this.uow.single((tx) => ${tx}.find(id, place));
        if (!found) throw new NotFound(\`${thing.kebab} \${id}\`);
        return found;
      }`,
    store: '',
    controller: `@Get(':${idName}')
      ${guard(choice)}
      async find(
        ${parameters(resource, choice, '@Res({ passthrough: true }) reply: FastifyReply', true)}
      ): Promise<${view}> {
        const ${thing.camel} = await this.${things.camel}.find(params.${idName}, ${placeCode(resource, choice)});
        reply.header('etag', etag(${thing.camel}.version));
        return ${thing.camel};
      }`,
    imports: {
      useCases: values('@causeway/errors', 'NotFound'),
      store: [],
      controller: [
        ...types(contracts, view),
        ...values(persistence, 'etag'),
        ...values('@nestjs/common', 'Get', 'Res'),
        ...types('fastify', 'FastifyReply'),
        ...common(choice, resource, true),
      ],
    },
  };
}

function create({ resource, choice, body, view, bodyType, place, tx }: Context): OperationCode {
  const { things, thing, table, parents, parentTable, collection } = resource;
  const { publishes, idempotent } = choice;
  const columns = ['id', 'owner_id', ...parents.map(columnName), ...body.map(({ name }) => name)];
  const numbers = columns.map((_, index) => `$${index + 1}`).join(', ');
  const url = collection.replaceAll(/\{(\w+)\}/g, (_, parent: string) => `\${place.${parent}}`);
  const made = `const ${thing.camel} = await ${tx}.insert(uuidv7(), place, body);
        ${publishes ? `await ${publishes.name}(tx.outbox, ${publishes.data});` : ''}
        const response = {
          status: 201,
          headers: { location: \`${url}/\${${thing.camel}.id}\`, etag: etag(${thing.camel}.version) },
          body: ${thing.camel},
        };`;
  const owned = `${place} & { readonly ownerId: string }`;
  return {
    port: `/** ${parentTable ? '@throws NotFound when that which it belongs to does not exist' : 'With version 1.'} */
      insert(id: string, place: ${owned}, body: ${bodyType}): Promise<${view}>;`,
    useCase: idempotent
      ? `/** Once per \`Idempotency-Key\`. @throws IdempotencyKeyReused, IdempotencyKeyInFlight${parentTable ? ', NotFound' : ''} */
      create(place: ${owned}, body: ${bodyType}, key: string): Promise<${thing.pascal}Response> {
        const scope = { subject: place.ownerId, route: \`POST ${url}\`, key };
        const print = fingerprint(body);
        return this.uow.run(async (tx) => {
          const stored = await tx.idempotency.begin(scope, print);
          if (stored) return { response: stored, replayed: true };
          ${made}
          await tx.idempotency.complete(scope, print, response);
          return { response, replayed: false };
        });
      }`
      : `/** ${parentTable ? '@throws NotFound' : 'Twice, if it is sent twice.'} */
      create(place: ${owned}, body: ${bodyType}): Promise<${thing.pascal}Response> {
        return this.uow.run(async (tx) => {
          ${made}
          return { response, replayed: false };
        });
      }`,
    store: `async insert(id: string, place: ${owned}, body: ${bodyType}): Promise<${view}> {
      ${parentTable ? 'try {' : ''}
        const { rows } = await this.sql.query<Row>(
          \`INSERT INTO "${table}" (${columns.map((name) => `"${name}"`).join(', ')}, "version", "created_at", "updated_at")
            VALUES (${numbers}, 1, now(), now()) RETURNING *\`,
          [id, place.ownerId${parents.map((parent) => `, place.${parent}`).join('')}${body.map((column) => `, ${fromBody(column)}`).join('')}],
        );
        return viewOf(rows[0]!);
      ${
        parentTable
          ? `} catch (error) {
        if (sqlStateOf(error) === foreignKeyViolation) throw new NotFound(\`${parents.at(-1)} \${place.${parents.at(-1)}}\`);
        throw error;
      }`
          : ''
      }
    }`,
    controller: `@Post()
      ${guard(choice)}
      async create(
        ${parameters(resource, choice, `${idempotent ? '@IdempotencyKey() key: string, ' : ''}@ZodBody(${thing.camel}Body) body: ${bodyType}, @Res() reply: FastifyReply`)}
      ): Promise<void> {
        const { response, replayed } = await this.${things.camel}.create(${placeCode(resource, choice)}, body${idempotent ? ', key' : ''});
        await sendStored(reply, response, replayed);
      }`,
    imports: {
      useCases: [
        ...types(contracts, bodyType),
        ...values(persistence, 'etag'),
        { name: 'v7 as uuidv7', from: 'uuid' },
        ...(idempotent ? values(persistence, 'fingerprint') : []),
        ...(publishes ? [{ name: publishes.name, from: publishes.file }] : []),
      ],
      store: [
        ...types(contracts, bodyType),
        ...(parentTable ? [...values(persistence, 'sqlStateOf'), ...values('@causeway/errors', 'NotFound')] : []),
      ],
      controller: [
        ...values(contracts, `${thing.camel}Body`),
        ...types(contracts, bodyType),
        ...values('@causeway/service-host', 'sendStored', 'ZodBody', ...(idempotent ? ['IdempotencyKey'] : [])),
        ...values('@nestjs/common', 'Post', 'Res'),
        ...types('fastify', 'FastifyReply'),
        ...common(choice, resource, false),
      ],
    },
  };
}

function replace({ resource, choice, body, view, bodyType, place, tx, idName }: Context): OperationCode {
  const { things, thing, table, parents } = resource;
  const next = 3 + parents.length;
  const set = body.map(({ name }, index) => `"${name}" = $${next + 1 + index}`);
  return {
    port: `/** @returns undefined when it does not exist in one of these versions */
      update(id: string, place: ${place}, expected: ExpectedVersions, body: ${bodyType}): Promise<${view} | undefined>;`,
    useCase: `/** @throws NotFound, VersionStale */
      async replace(id: string, place: ${place}, expected: ExpectedVersions, body: ${bodyType}): Promise<${view}> {
        return this.uow.run(async (tx) => {
          const changed = await ${tx}.update(id, place, expected, body);
          if (changed) return changed;
          if (await ${tx}.find(id, place)) throw new VersionStale(\`${thing.kebab} \${id}\`);
          throw new NotFound(\`${thing.kebab} \${id}\`);
        });
      }`,
    store: `async update(id: string, place: ${place}, expected: ExpectedVersions, body: ${bodyType}): Promise<${view} | undefined> {
      const { rows } = await this.sql.query<Row>(
        \`UPDATE "${table}" SET ${[...set, '"version" = "version" + 1', '"updated_at" = now()'].join(', ')}
          WHERE "id" = $1 AND ${whereOf(resource, 2)} AND ($${next}::int[] IS NULL OR "version" = ANY ($${next})) RETURNING *\`,
        [id, ${placeValues(resource)}, expected === 'any' ? null : expected${body.map((column) => `, ${fromBody(column)}`).join('')}],
      );
      return rows[0] && viewOf(rows[0]);
    }`,
    controller: `@Put(':${idName}')
      ${guard(choice)}
      async replace(
        ${parameters(resource, choice, `${choice.versioned ? "@Headers('if-match') ifMatch: string | undefined, " : ''}@ZodBody(${thing.camel}Body) body: ${bodyType}, @Res({ passthrough: true }) reply: FastifyReply`, true)}
      ): Promise<${view}> {
        const ${thing.camel} = await this.${things.camel}.replace(params.${idName}, ${placeCode(resource, choice)}, ${expectedOf(choice)}, body);
        reply.header('etag', etag(${thing.camel}.version));
        return ${thing.camel};
      }`,
    imports: {
      useCases: changing(bodyType),
      store: [...types(contracts, bodyType), ...types(persistence, 'ExpectedVersions')],
      controller: [
        ...values(contracts, `${thing.camel}Body`),
        ...types(contracts, bodyType, view),
        ...values(persistence, 'etag', ...(choice.versioned ? ['parseIfMatch'] : [])),
        ...values('@causeway/service-host', 'ZodBody'),
        ...values('@nestjs/common', 'Put', 'Res', ...(choice.versioned ? ['Headers'] : [])),
        ...types('fastify', 'FastifyReply'),
        ...common(choice, resource, true),
      ],
    },
  };
}

function remove({ resource, choice, place, tx, idName }: Context): OperationCode {
  const { things, thing, table, parents } = resource;
  const next = 3 + parents.length;
  return {
    port: `/** @returns false when it does not exist in one of these versions */
      delete(id: string, place: ${place}, expected: ExpectedVersions): Promise<boolean>;`,
    useCase: `/** @throws NotFound, VersionStale */
      async remove(id: string, place: ${place}, expected: ExpectedVersions): Promise<void> {
        await this.uow.run(async (tx) => {
          if (await ${tx}.delete(id, place, expected)) return;
          if (await ${tx}.find(id, place)) throw new VersionStale(\`${thing.kebab} \${id}\`);
          throw new NotFound(\`${thing.kebab} \${id}\`);
        });
      }`,
    store: `async delete(id: string, place: ${place}, expected: ExpectedVersions): Promise<boolean> {
      const { rowCount } = await this.sql.query(
        \`DELETE FROM "${table}"
          WHERE "id" = $1 AND ${whereOf(resource, 2)} AND ($${next}::int[] IS NULL OR "version" = ANY ($${next}))\`,
        [id, ${placeValues(resource)}, expected === 'any' ? null : expected],
      );
      return rowCount > 0;
    }`,
    controller: `@Delete(':${idName}')
      @HttpCode(204)
      ${guard(choice)}
      async remove(
        ${parameters(resource, choice, choice.versioned ? "@Headers('if-match') ifMatch: string | undefined" : '', true)}
      ): Promise<void> {
        await this.${things.camel}.remove(params.${idName}, ${placeCode(resource, choice)}, ${expectedOf(choice)});
      }`,
    imports: {
      useCases: changing(),
      store: types(persistence, 'ExpectedVersions'),
      controller: [
        ...(choice.versioned ? values(persistence, 'parseIfMatch') : []),
        ...values('@nestjs/common', 'Delete', 'HttpCode', ...(choice.versioned ? ['Headers'] : [])),
        ...common(choice, resource, true),
      ],
    },
  };
}

const changing = (...bodies: string[]): Imported[] => [
  ...types(contracts, ...bodies),
  ...types(persistence, 'ExpectedVersions'),
  ...values(persistence, 'VersionStale'),
  ...values('@causeway/errors', 'NotFound'),
];
const expectedOf = ({ versioned }: OperationChoice): string => (versioned ? 'parseIfMatch(ifMatch)' : "'any'");
const guard = ({ scope }: OperationChoice): string => (scope ? `@RequireScope(scopes.${scope})` : '@Public()');

function fromBody({ field, kind, nullable }: Column): string {
  const value = nullable ? `body.${field} ?? null` : `body.${field}`;
  return kind === 'json' ? `JSON.stringify(${value})` : value;
}

/** Where the controller looks: among the caller’s own, or everybody’s; below the ids of the path. */
function placeCode({ parents }: RouteResource, { scope }: OperationChoice): string {
  const entries = [
    ...(scope ? [`ownerId: personOf(user, scopes.${scope})`] : []),
    ...parents.map((parent) => `${parent}: params.${parent}`),
  ];
  return `{ ${entries.join(', ')} }`;
}

function parameters(
  { thing, parents }: RouteResource,
  { scope }: OperationChoice,
  more: string,
  ofItem = false,
): string {
  const needsParams = ofItem || parents.length > 0;
  return [
    ...(scope ? ['@CurrentUser() user: Principal'] : []),
    ...(needsParams
      ? [
          `@ZodParams(${ofItem ? thing.camel : `${thing.camel}List`}Params) params: ${ofItem ? 'ItemParams' : 'ListParams'}`,
        ]
      : []),
    ...(more ? [more] : []),
  ].join(', ');
}

const common = ({ scope }: OperationChoice, { parents }: RouteResource, ofItem: boolean): Imported[] => [
  ...(scope
    ? [
        ...values('@causeway/auth', 'CurrentUser', 'RequireScope', 'ScopeMissing'),
        ...types('@causeway/auth', 'Principal'),
        ...values(contracts, 'scopes'),
      ]
    : values('@causeway/auth', 'Public')),
  ...(ofItem || parents.length > 0 ? values('@causeway/service-host', 'ZodParams') : []),
];
