import type { ContractSchema } from '@causeway/contracts/published';
import type { Tree } from '@nx/devkit';
import { isNullable, kindOf, type ValueKind } from './json.js';
import { spell } from './names.js';

/** A column and the field of JSON that it keeps. */
export interface Column {
  readonly field: string;
  readonly name: string;
  readonly kind: ValueKind;
  readonly nullable: boolean;
}

export interface PieceTable {
  readonly name: string;
  /** The model in schema.prisma. Default: the name of the table. */
  readonly model?: string;
  /** One line, what a row is. */
  readonly comment: string;
  readonly key: Column;
  readonly others: readonly Column[];
  /** The row that a row belongs to, and goes with. */
  readonly references?: { readonly column: string; readonly table: string };
  /** Columns by which rows are looked for. */
  readonly index?: readonly string[];
}

export const columnOf = (field: string, schema: ContractSchema, required: boolean): Column => ({
  field,
  name: spell(field).snake,
  kind: kindOf(schema),
  nullable: !required || isNullable(schema),
});

const sqlTypes: Record<ValueKind, string> = {
  uuid: 'uuid',
  timestamp: 'timestamptz(3)',
  integer: 'integer',
  bigint: 'bigint',
  boolean: 'boolean',
  text: 'text',
  json: 'jsonb',
};
const prismaTypes: Record<ValueKind, readonly [type: string, attribute?: string]> = {
  uuid: ['String', '@db.Uuid'],
  timestamp: ['DateTime', '@db.Timestamptz(3)'],
  integer: ['Int'],
  bigint: ['BigInt'],
  boolean: ['Boolean'],
  text: ['String'],
  json: ['Json'],
};

/** The SQL that makes a table. */
export function createTable({ name, comment, key, others, references, index }: PieceTable): string {
  const columns = [key, ...others].map(
    (column) => `  "${column.name}" ${sqlTypes[column.kind]}${column.nullable ? '' : ' NOT NULL'},`,
  );
  return [
    `-- ${comment}`,
    `CREATE TABLE "${name}" (`,
    ...columns,
    `  CONSTRAINT "${name}_pkey" PRIMARY KEY ("${key.name}")${references ? ',' : ''}`,
    ...(references
      ? [
          `  CONSTRAINT "${name}_${references.column}_fkey" FOREIGN KEY ("${references.column}")`,
          `    REFERENCES "${references.table}" ("id") ON DELETE CASCADE`,
        ]
      : []),
    ');',
    ...(index
      ? [`CREATE INDEX "${name}_${index.join('_')}_idx" ON "${name}" (${index.map((each) => `"${each}"`).join(', ')});`]
      : []),
    '',
  ].join('\n');
}

const schemaOf = (service: string): string => `apps/${service}/prisma/schema.prisma`;

/** Adds the model of a table to `schema.prisma`, where a reader looks for the tables of a service. */
export function addModel(
  tree: Tree,
  service: string,
  { name, model: modelName, comment, key, others }: PieceTable,
): void {
  const path = schemaOf(service);
  const before = tree.read(path, 'utf8');
  if (before === null) return;
  const columns = [key, ...others];
  const widths = [
    Math.max(...columns.map(({ field }) => field.length)),
    Math.max(...columns.map((column) => prismaTypeOf(column).length)),
  ] as const;
  const fields = columns.map((column) => {
    const [, attribute] = prismaTypes[column.kind];
    const attributes = [
      ...(column === key ? ['@id'] : []),
      ...(column.name === column.field ? [] : [`@map("${column.name}")`]),
      ...(attribute ? [attribute] : []),
    ];
    return `  ${column.field.padEnd(widths[0])} ${prismaTypeOf(column).padEnd(widths[1])} ${attributes.join(' ')}`.trimEnd();
  });
  const model = [
    `/// ${comment}`,
    `model ${modelName ?? spell(name).pascal} {`,
    ...fields,
    '',
    `  @@map("${name}")`,
    '}',
  ];
  tree.write(path, `${before.trimEnd()}\n\n${model.join('\n')}\n`);
}

const prismaTypeOf = ({ kind, nullable }: Column): string => `${prismaTypes[kind][0]}${nullable ? '?' : ''}`;

/** Takes a model out of `schema.prisma`, with the comment before it. */
export function removeModel(tree: Tree, service: string, model: string): void {
  const path = schemaOf(service);
  const before = tree.read(path, 'utf8');
  if (before === null) return;
  const found = new RegExp(`\\n(?:///.*\\n)*model ${model} \\{\\n[^]*?\\n\\}\\n`);
  tree.write(path, before.replace(found, ''));
}

/** Whether a migration of the service makes the table. */
export function hasTable(tree: Tree, service: string, table: string): boolean {
  const folder = `apps/${service}/prisma/migrations`;
  if (!tree.exists(folder)) return false;
  const made = new RegExp(`CREATE TABLE (IF NOT EXISTS )?"?${table}"?[\\s(]`, 'i');
  return tree
    .children(folder)
    .map((each) => `${folder}/${each}/migration.sql`)
    .some((path) => tree.exists(path) && made.test(tree.read(path, 'utf8') ?? ''));
}

/** How a column is read: its type in a row of node-postgres, and the field of JSON as code. */
export interface ReadColumn extends Column {
  readonly rowType: string;
  readonly read: string;
}

const rowTypes: Record<ValueKind, string> = {
  uuid: 'string',
  timestamp: 'Date',
  integer: 'number',
  bigint: 'string',
  boolean: 'boolean',
  text: 'string',
  json: 'never',
};

export function rowOf(column: Column): ReadColumn {
  const { field, name, kind, nullable } = column;
  const value =
    { timestamp: `row.${name}.toISOString()`, bigint: `Number(row.${name})` }[kind as 'timestamp' | 'bigint'] ??
    `row.${name}`;
  return {
    ...column,
    rowType: `${rowTypes[kind]}${nullable ? ' | null' : ''}`,
    read: nullable ? `...(row.${name} !== null && { ${field}: ${value} })` : `${field}: ${value}`,
  };
}
