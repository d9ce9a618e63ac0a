import type { z } from 'zod';
import type { logLine } from '@causeway/telemetry/log-schema';
import { dataStream } from './elasticsearch.js';

type FieldName = keyof z.infer<typeof logLine>;

/** As `POST /api/saved_objects/_import` of Kibana 8 takes it, one a line. */
interface SavedObject {
  readonly type: 'index-pattern' | 'search' | 'lens' | 'dashboard';
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly Reference[];
  readonly typeMigrationVersion: string;
}

interface Reference {
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

const viewId = 'causeway-logs';
const dataView: SavedObject = {
  type: 'index-pattern',
  id: viewId,
  typeMigrationVersion: '8.0.0',
  attributes: { title: `${dataStream}*`, name: 'Causeway logs', timeFieldName: '@timestamp' },
  references: [],
};

const searchSource = (query: string, ofView: object = {}): { searchSourceJSON: string } => ({
  searchSourceJSON: JSON.stringify({ query: { query, language: 'kuery' }, filter: [], ...ofView }),
});

const warnings: SavedObject = {
  type: 'search',
  id: 'causeway-warnings',
  typeMigrationVersion: '8.0.0',
  attributes: {
    title: 'Causeway: warnings and errors, newest first',
    columns: ['level', 'service', 'scope', 'msg', 'code', 'err.message', 'reason', 'trace_id'],
    sort: [['@timestamp', 'desc']],
    kibanaSavedObjectMeta: searchSource('level: (warn or error or fatal or unknown)', {
      indexRefName: 'kibanaSavedObjectMeta.searchSourceJSON.index',
    }),
  },
  references: [{ type: 'index-pattern', id: viewId, name: 'kibanaSavedObjectMeta.searchSourceJSON.index' }],
};

type Column = Readonly<Record<string, unknown>>;
/** A field, or the whole text of one that is searched by words. */
type Source = FieldName | 'msg.keyword';

const overTime: Column = {
  label: 'time',
  dataType: 'date',
  operationType: 'date_histogram',
  sourceField: '@timestamp',
  isBucketed: true,
  scale: 'interval',
  params: { interval: 'auto' },
};
const lines: Column = {
  label: 'lines',
  dataType: 'number',
  operationType: 'count',
  sourceField: '___records___',
  isBucketed: false,
  scale: 'ratio',
};
const percentile = (field: FieldName, percent: number): Column => ({
  label: `p${percent} of ${field}`,
  dataType: 'number',
  operationType: 'percentile',
  sourceField: field,
  isBucketed: false,
  scale: 'ratio',
  params: { percentile: percent },
});
/** The most frequent values. @param by The column that they are ordered by. */
const topOf = (field: Source, by: string, size = 10): Column => ({
  label: field.replace('.keyword', ''),
  dataType: 'string',
  operationType: 'terms',
  sourceField: field,
  isBucketed: true,
  scale: 'ordinal',
  params: { size, orderBy: { type: 'column', columnId: by }, orderDirection: 'desc', otherBucket: false },
});

interface Panel {
  readonly title: string;
  /** KQL. */
  readonly query: string;
  readonly kind: 'bars' | 'lines' | 'table';
  /** Buckets in their order, then the number, which is called `value`. */
  readonly columns: Readonly<Record<string, Column>>;
}

const chart = (kind: 'bars' | 'lines', title: string, query: string, by: FieldName, value: Column = lines): Panel => ({
  title,
  query,
  kind,
  columns: { split: topOf(by, 'value'), time: overTime, value },
});
const table = (title: string, query: string, ...by: readonly Source[]): Panel => ({
  title,
  query,
  kind: 'table',
  columns: { ...Object.fromEntries(by.map((field) => [field, topOf(field, 'value', 20)])), value: lines },
});

const panels: readonly Panel[] = [
  chart('bars', 'Lines by level', '', 'level'),
  chart('bars', 'Warnings and errors by service', 'level: (warn or error or fatal or unknown)', 'service'),
  chart('lines', 'Slowest 5 % of requests by route, ms', 'scope: http and ms: *', 'route', percentile('ms', 95)),
  table('Responses of 5xx', 'scope: http and status >= 500', 'service', 'route', 'code'),
  table('What goes wrong', 'level: (warn or error or fatal)', 'service', 'scope', 'msg.keyword'),
  table('Failed messages', 'consumer: * and level: (warn or error)', 'consumer', 'code', 'msg.keyword'),
  table('Breakers', 'scope: resilience', 'policy', 'state', 'service'),
  table('What people changed', 'audit: *', 'audit', 'who', 'messageId'),
];

const layer = 'lines';

function visualizationOf({ kind, columns }: Panel): object {
  if (kind === 'table')
    return { layerId: layer, layerType: 'data', columns: Object.keys(columns).map((columnId) => ({ columnId })) };
  const seriesType = kind === 'bars' ? 'bar_stacked' : 'line';
  return {
    preferredSeriesType: seriesType,
    legend: { isVisible: true, position: 'right' },
    layers: [
      {
        layerId: layer,
        layerType: 'data',
        seriesType,
        xAccessor: 'time',
        splitAccessor: 'split',
        accessors: ['value'],
      },
    ],
  };
}

const lens = (panel: Panel, index: number): SavedObject => ({
  type: 'lens',
  id: `causeway-logs-${index + 1}`,
  typeMigrationVersion: '8.9.0',
  attributes: {
    title: `Causeway: ${panel.title}`,
    visualizationType: panel.kind === 'table' ? 'lnsDatatable' : 'lnsXY',
    state: {
      datasourceStates: {
        formBased: {
          layers: {
            [layer]: { columnOrder: Object.keys(panel.columns), columns: panel.columns, incompleteColumns: {} },
          },
        },
      },
      visualization: visualizationOf(panel),
      query: { query: panel.query, language: 'kuery' },
      filters: [],
      internalReferences: [],
      adHocDataViews: {},
    },
  },
  references: [{ type: 'index-pattern', id: viewId, name: `indexpattern-datasource-layer-${layer}` }],
});

/** Two panels a row, the search below; the grid is 48 wide. */
function dashboard(parts: readonly SavedObject[]): SavedObject {
  const placed = parts.map((part, index) => {
    const isSearch = part.type === 'search';
    const i = String(index + 1);
    const gridData = {
      x: isSearch ? 0 : (index % 2) * 24,
      y: Math.floor(index / 2) * 14,
      w: isSearch ? 48 : 24,
      h: 14,
      i,
    };
    return {
      part,
      i,
      panel: { type: part.type, gridData, panelIndex: i, embeddableConfig: {}, panelRefName: `panel_${i}` },
    };
  });
  return {
    type: 'dashboard',
    id: 'causeway-logs',
    typeMigrationVersion: '8.9.0',
    attributes: {
      title: 'Causeway logs',
      description: 'Generated from tools/generate/src/logs/kibana.ts',
      timeRestore: true,
      timeFrom: 'now-1h',
      timeTo: 'now',
      optionsJSON: JSON.stringify({ useMargins: true, hidePanelTitles: false }),
      panelsJSON: JSON.stringify(placed.map(({ panel }) => panel)),
      kibanaSavedObjectMeta: searchSource(''),
    },
    references: placed.map(({ part: { type, id }, i }) => ({ type, id, name: `${i}:panel_${i}` })),
  };
}

/** Data view, a search, and a dashboard of both; each after what it refers to. */
export function savedObjects(): readonly SavedObject[] {
  const charts = panels.map(lens);
  return [dataView, warnings, ...charts, dashboard([...charts, warnings])];
}
