import { WrongUsage } from '../failure.js';

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `10m`, `2h`, `7d` in milliseconds. @throws WrongUsage */
export function durationMs(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined) throw new WrongUsage(`"${text}" is not a duration; write 30s, 10m, 2h or 7d`);
  return Number(count) * (unitMs[unit] ?? 0);
}

/** The largest unit that gives a whole number of at least 1: `45 s`, `3 min`, `2 h`, `9 d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const ago = (at: Date, now = new Date()): string => `${duration(now.getTime() - at.getTime())} ago`;
