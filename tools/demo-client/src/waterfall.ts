import type { TraceSpan } from './trace-receiver.js';

const barWidth = 32;

/**
 * Draws a trace: one line per span, children below their parent, and a bar on a common time axis.
 * @param limit Number of lines; the shortest spans are left out first and counted. Default 24.
 */
export function waterfall(spans: readonly TraceSpan[], limit = 24): string[] {
  if (spans.length === 0) return ['(no spans)'];
  const shown = new Set([...spans].sort((a, b) => b.durationMs - a.durationMs).slice(0, limit));
  const start = Math.min(...spans.map(({ startMs }) => startMs));
  const total = Math.max(...spans.map((span) => span.startMs + span.durationMs - start), 0.001);
  const rows = ordered(spans).filter(({ span }) => shown.has(span));
  const label = ({ span, depth }: Row): string =>
    `${span.service.padEnd(12)} ${'  '.repeat(Math.min(depth, 8))}${span.name}${span.failed ? ' (failed)' : ''}`;
  const width = Math.min(78, Math.max(...rows.map((row) => label(row).length)));
  const lines = rows.map((row) => {
    const from = Math.min(barWidth - 1, Math.floor(((row.span.startMs - start) / total) * barWidth));
    const length = Math.max(1, Math.min(barWidth - from, Math.round((row.span.durationMs / total) * barWidth)));
    const bar = `${' '.repeat(from)}${'█'.repeat(length)}`.padEnd(barWidth);
    return `${label(row).slice(0, width).padEnd(width)} ${bar} ${row.span.durationMs.toFixed(1).padStart(8)} ms`;
  });
  const left = spans.length - shown.size;
  return left > 0 ? [...lines, `… and ${left} shorter spans`] : lines;
}

interface Row {
  readonly span: TraceSpan;
  readonly depth: number;
}

/** Depth first, siblings by start. A span without a known parent counts as a root. */
function ordered(spans: readonly TraceSpan[]): Row[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(spans, ({ parentSpanId }) =>
    parentSpanId && ids.has(parentSpanId) ? parentSpanId : '',
  );
  const below = (parent: string, depth: number): Row[] =>
    [...(children.get(parent) ?? [])]
      .sort((a, b) => a.startMs - b.startMs)
      .flatMap((span) => [{ span, depth }, ...below(span.spanId, depth + 1)]);
  return below('', 0);
}
