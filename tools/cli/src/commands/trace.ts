import { waterfall, type TraceSpan } from '@causeway/demo-client';
import type { Command } from 'commander';
import { example, type CommandContext, type CommandReport, type RunCommand } from '../command.js';
import { CommandFailed } from '../failure.js';
import { oneLine } from '../output/table.js';
import { traceId } from '../trace-id.js';

/** `causeway trace`: the spans of one request, through all services. */
export function addTrace(program: Command, run: RunCommand): void {
  program
    .command('trace')
    .description('the spans of a trace, through all services')
    .argument('<id>', 'a trace id (32 hexadecimal digits), or a traceparent')
    .addHelpText('after', example('trace 108824e409bbb807af43c96c6bbcd59a'))
    .action((id: string, _options: unknown, command: Command) => run(command, (context) => trace(context, id)));
}

async function trace({ target }: CommandContext, given: string): Promise<CommandReport> {
  const id = traceId(given);
  const spans = await target.trace(id);
  if (!spans)
    throw new CommandFailed(
      'nothing here keeps traces',
      'Ask the tracing system that OTEL_EXPORTER_OTLP_ENDPOINT of the services leads to.',
    );
  if (spans.length === 0)
    return {
      data: [],
      lines: ['no spans: not sampled, forgotten by now, or not exported yet (services export every half second)'],
      ok: false,
    };
  const linked = new Set(spans.flatMap(({ links }) => links).filter((link) => link !== id));
  return {
    data: spans,
    lines: [
      ...waterfall(spans, 60),
      '',
      ...spans.filter(({ failed }) => failed).map(describeFailure),
      ...(linked.size > 0 ? [`linked: ${[...linked].join(', ')}`] : []),
      `${spans.length} spans in ${new Set(spans.map(({ service }) => service)).size} services`,
    ],
  };
}

function describeFailure({ service, name, attributes }: TraceSpan): string {
  const what = attributes['error.type'] ?? attributes['http.response.status_code'] ?? 'no error type';
  return `failed: ${service} ${name}: ${oneLine(String(what))}`;
}
