import { WrongUsage } from './failure.js';

/** The id in a trace id or a traceparent, in any case of letters. @throws WrongUsage for anything else */
export function traceId(text: string): string {
  const [, id] = /^(?:00-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/.exec(text.toLowerCase()) ?? [];
  if (id === undefined) throw new WrongUsage(`"${text}" is not a trace id: 32 hexadecimal digits`);
  return id;
}
