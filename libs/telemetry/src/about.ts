import { context, createContextKey, trace, type Attributes, type Context } from '@opentelemetry/api';

/**
 * Ids that mark all spans of the work about one thing, so that one search finds them: the field by which messages and
 * requests name it, by the attribute of the spans.
 */
export const tracedIds: Record<string, string> = {
  // demo
  'causeway.order.id': 'orderId',
  // end demo
};

const idsKey = createContextKey('causeway traced ids');

/** The attributes for the {@link tracedIds} that a message or request names; none where it names none. */
export function idsOf(data: unknown): Attributes {
  if (typeof data !== 'object' || data === null) return {};
  const found: Attributes = {};
  for (const [attribute, field] of Object.entries(tracedIds)) {
    const id = (data as Record<string, unknown>)[field];
    if (typeof id === 'string') found[attribute] = id;
  }
  return found;
}

/** Runs `fn`, which is about what `data` names: the active span, and every span that is begun inside, have its ids. */
export function about<T>(data: unknown, fn: () => T): T {
  const ids = idsOf(data);
  if (Object.keys(ids).length === 0) return fn();
  const active = context.active();
  const span = trace.getSpan(active);
  if (parentDecides && span && !span.isRecording()) return fn();
  span?.setAttributes(ids);
  return context.with(active.setValue(idsKey, { ...idsIn(active), ...ids }), fn);
}

/** Marks the active span, where the id is known only at the end of the work. */
export function noteIds(data: unknown): void {
  trace.getActiveSpan()?.setAttributes(idsOf(data));
}

/** What {@link about} has put there. */
export const idsIn = (of: Context): Attributes | undefined => of.getValue(idsKey) as Attributes | undefined;

let parentDecides = false;

/** Called by startTelemetry: a span below one that is not recorded is never recorded either, and needs no ids. */
export function idsFollowParent(follows: boolean): void {
  parentDecides = follows;
}
