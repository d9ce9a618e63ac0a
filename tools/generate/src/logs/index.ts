import { withParts, type GeneratedFile } from '../generated-file.js';
import { indexTemplate, lifecyclePolicy, logFields } from './elasticsearch.js';
import { savedObjects } from './kibana.js';

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** What Elasticsearch and Kibana are told about log lines, and the table of fields, from libs/telemetry/src/log-schema.ts. */
export const logFiles = (): GeneratedFile[] => [
  { file: 'k8s/components/logging-elk/elasticsearch/index-template.json', text: json(indexTemplate) },
  { file: 'k8s/components/logging-elk/elasticsearch/lifecycle-policy.json', text: json(lifecyclePolicy) },
  {
    file: 'k8s/components/logging-elk/kibana/saved-objects.ndjson',
    text: savedObjects()
      .map((object) => `${JSON.stringify(object)}\n`)
      .join(''),
  },
  withParts('docs/guides/logs.md', { fields: fieldsTable() }),
];

const fieldsTable = (): string =>
  [
    '| field | in Elasticsearch | what it says |',
    '| --- | --- | --- |',
    ...logFields.map(
      ({ name, description, mapping }) =>
        `| \`${name}\` | ${mapping.type ?? `\`${Object.keys(mapping.properties ?? {}).join('`, `')}\``} | ${description} |`,
    ),
  ].join('\n');
