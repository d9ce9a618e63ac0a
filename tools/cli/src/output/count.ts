import { InvalidArgumentError } from 'commander';

/** A whole number from 1, as an argument or option. */
export function count(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 1.');
  return Number(text);
}

/** The same, any number of times. */
export const counts = (text: string, before: readonly number[] = []): number[] => [...before, count(text)];
