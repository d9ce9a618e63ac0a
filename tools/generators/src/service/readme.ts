import { capital, fileNameOf } from './names.js';
import type { ServicePlan } from './plan.js';

/** A stop of the reading path: the code, its file, and what to see there. */
type Stop = readonly [code: string, file: string, what: string];

/** What the service does, in a sentence or two. */
export function aboutOf({ name, plural, database, entity, http, publishes, consumes }: ServicePlan): string {
  if (!entity) {
    if (database)
      return `A service with a database and without tables, messages or routes yet: a start for what ${name} will do.`;
    return http
      ? `Answers one route from what the caller's token says; it has no database. A start for what ${name} will do.`
      : `A service without data, messages or routes yet: a start for what ${name} will do.`;
  }
  const causes = [
    ...(http ? ['its owner asks for it'] : []),
    ...(consumes.length > 0 ? [`an event that it consumes is about it`] : []),
  ];
  const why = causes.length > 0 ? ` when ${causes.join(', or ')}` : '';
  const after = publishes.length > 0 ? ', and announces it' : '';
  return `Records ${plural}, once for each owner and reference,${why}${after}. Both are examples: replace them by what ${name} is for.`
    .replace(',,', ',')
    .replace('reference,,', 'reference,')
    .replace(/reference,(\.|$)/, 'reference$1');
}

/** Five stops, from the rule to the edge. */
export function stopsOf(plan: ServicePlan): readonly Stop[] {
  const { name, plural, Entity, Entities, database, entity, http, shape, consumes } = plan;
  const ends: Stop[] = [
    ['service', 'src/service.ts', 'the capabilities that it is made of.'],
    ['AppModule', 'src/app.module.ts', 'what is bound to what.'],
    [
      `${Entity}Service`,
      `src/testing/${name}-service.ts`,
      'the service as tests start it, and its system tests beside it.',
    ],
  ];
  const controller: Stop[] = http
    ? [
        [
          `${Entities}Controller`,
          shape === 'domain' ? `src/adapters/http/${plural}.controller.ts` : `src/${plural}/${plural}.controller.ts`,
          'the routes, and who may use them.',
        ],
      ]
    : [];
  const handlers: Stop[] = consumes
    .slice(0, 1)
    .map(({ constant }) => [
      `${Entity}${capital(constant)}Handler`,
      `src/${shape === 'domain' ? 'adapters/messaging' : plural}/${fileNameOf(constant)}.handler.ts`,
      'what a message leads to.',
    ]);
  const rules: Stop[] =
    shape === 'domain'
      ? [
          [`record${Entity}`, `src/domain/${name}.ts`, 'the rule, without anything around it.'],
          [`Record${Entity}`, `src/application/record-${name}.ts`, 'the use case: one transaction, from every cause.'],
          [`Pg${Entities}`, `src/adapters/persistence/pg-${plural}.ts`, 'the statements.'],
        ]
      : [
          [Entities, `src/${plural}/${plural}.ts`, 'everything that happens in a transaction.'],
          [`New${Entity}`, `src/${plural}/${name}-row.ts`, 'a row, and what others see of it.'],
          [`${Entity}Transaction`, 'src/tokens.ts', 'what a transaction offers.'],
        ];
  const migrations: Stop = ['migrations', 'src/migrations.ts', 'the tables, and those of the libraries.'];
  const all: Stop[] = entity
    ? [...rules, ...handlers, ...controller, ...ends]
    : [
        ...controller,
        ...ends,
        ...(database
          ? [[`${Entity}Transaction`, 'src/tokens.ts', 'what a transaction offers.'] as const, migrations]
          : []),
        ['settings', 'src/config.ts', 'its own settings.'],
        ['runService', 'src/main.ts', 'how it starts.'],
      ];
  const five = all.slice(0, 5);
  return five.length === 5 ? five : [...five, migrations].slice(0, 5);
}
