declare module 'spdx-satisfies' {
  /** @throws when the first is no SPDX expression */
  export default function satisfies(expression: string, allowed: readonly string[]): boolean;
}
declare module 'spdx-expression-parse' {
  /** @throws when it is no SPDX expression */
  export default function parse(expression: string): unknown;
}
