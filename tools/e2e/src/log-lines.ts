import { logLine } from '@causeway/telemetry/log-schema';

/** Log lines that do not fit the schema, each with what is wrong with it. */
export const wrongLines = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => {
    const wrong = problemOf(line);
    return wrong === undefined ? [] : [`${wrong}: ${line}`];
  });

function problemOf(line: string): string | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  // JSON.parse takes the last of two fields with the same name; Elasticsearch takes no such line.
  if (JSON.stringify(fields) !== line) return 'a field twice';
  const { error } = logLine.safeParse(fields);
  return error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join(', ');
}
