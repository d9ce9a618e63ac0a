import { logLine } from '@causeway/telemetry/log-schema';
import type * as estypes from '@elastic/elasticsearch/lib/api/types';

/** What `logLine` looks like as JSON Schema, as far as a mapping needs it. */
interface Shape {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly prose?: boolean;
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
}
const schema = logLine.toJSONSchema() as Shape & { readonly $defs?: Readonly<Record<string, Shape>> };

export interface LogField {
  readonly name: string;
  readonly description: string;
  readonly mapping: estypes.MappingProperty;
}

/** Longer values are stored, but not found by their whole text. */
const longest = 1024;

/** @param within References around this shape: one that comes again is a recursion. */
function mappingOf(shape: Shape, within: readonly string[] = []): estypes.MappingProperty {
  const { $ref, type, format, items, properties, prose } = shape;
  // An error in an error: any depth, searched by its leaves.
  if ($ref !== undefined && within.includes($ref)) return { type: 'flattened', ignore_above: 8191 };
  if ($ref !== undefined) return mappingOf(resolved(shape), [...within, $ref]);
  // A list is mapped as its items are.
  if (items) return mappingOf(items, within);
  if (properties) {
    const inner = Object.entries(properties).map(([name, each]) => [name, mappingOf(each, within)]);
    return { properties: Object.fromEntries(inner) as Record<string, estypes.MappingProperty> };
  }
  if (type === 'integer') return { type: 'long' };
  if (type === 'number') return { type: 'double' };
  if (type === 'boolean') return { type: 'boolean' };
  if (type !== 'string') throw new Error(`a log field of type ${type} has no mapping`);
  if (format === 'date-time') return { type: 'date' };
  const whole: estypes.MappingProperty = { type: 'keyword', ignore_above: longest };
  return prose ? { type: 'match_only_text', fields: { keyword: whole } } : whole;
}

const resolved = (shape: Shape): Shape =>
  shape.$ref === undefined ? shape : (schema.$defs?.[shape.$ref.replace('#/$defs/', '')] ?? shape);

/** Every field of a line, in the order of the schema. */
export const logFields: readonly LogField[] = Object.entries(schema.properties ?? {}).map(([name, shape]) => ({
  name,
  description: resolved(shape).description ?? '',
  mapping: mappingOf(shape),
}));

export const dataStream = 'logs-causeway-default';
const policyName = 'causeway-logs';

/** Rolls over by size, so that every shard is worth searching; nobody looks at requests of last month. */
export const lifecyclePolicy: { readonly policy: estypes.IlmPolicy } = {
  policy: {
    phases: {
      hot: {
        actions: { rollover: { max_primary_shard_size: '25gb', max_age: '7d' }, set_priority: { priority: 100 } },
      },
      warm: {
        min_age: '2d',
        actions: {
          shrink: { number_of_shards: 1 },
          forcemerge: { max_num_segments: 1 },
          set_priority: { priority: 50 },
        },
      },
      delete: { min_age: '30d', actions: { delete: {} } },
    },
  },
};

/**
 * `dynamic: strict`: a line with a field that is not in the schema is refused, instead of a mapping that grows by itself
 * until it is full. Shippers add `@timestamp`, the time of a data stream.
 */
export const indexTemplate: Omit<estypes.IndicesPutIndexTemplateRequest, 'name'> = {
  index_patterns: [`${dataStream}*`],
  data_stream: {},
  // Above that of Elasticsearch's own template for logs-*-*, which is 100.
  priority: 500,
  template: {
    settings: {
      index: {
        lifecycle: { name: policyName },
        number_of_shards: 1,
        number_of_replicas: 1,
        codec: 'best_compression',
        query: { default_field: ['msg', 'err.message', 'detail', 'reason'] },
      },
    },
    mappings: {
      dynamic: 'strict',
      properties: {
        '@timestamp': { type: 'date' },
        ...Object.fromEntries(logFields.map(({ name, mapping }) => [name, mapping])),
      },
    },
  },
  _meta: { description: 'Generated from libs/telemetry/src/log-schema.ts' },
};
