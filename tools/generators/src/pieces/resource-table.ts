import type { ContractSchema } from '@causeway/contracts/published';
import type { RouteResource } from './resource.js';
import type { ResourceSchemas } from './route-contract.js';
import { columnOf, type Column, type PieceTable } from './table.js';

const columnsOf = ({ properties = {}, required = [] }: ContractSchema): Column[] =>
  Object.entries(properties).map(([field, schema]) => columnOf(field, schema, required.includes(field)));

/** The table of a resource: a column for each field that is shown. */
export function tableOf(
  { table, thing, things, parents }: RouteResource,
  view: ContractSchema,
  parent: RouteResource | undefined,
): PieceTable {
  const [key, ...others] = columnsOf(view);
  if (!key) throw new Error(`${table} has no columns`);
  const above = parents.at(-1);
  const aboveColumn = others.find(({ field }) => field === above);
  return {
    name: table,
    model: thing.pascal,
    comment: `${things.title}, each with the person that it belongs to`,
    key,
    others,
    ...(parent && aboveColumn && { references: { column: aboveColumn.name, table: parent.table } }),
    index: [...(aboveColumn ? [aboveColumn.name] : ['owner_id']), 'id'],
  };
}

export const bodyColumns = ({ body }: ResourceSchemas): Column[] => columnsOf(body);
