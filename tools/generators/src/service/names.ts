/** What a service and its things are called in code, SQL and URLs. */
export interface ServiceNames {
  /** `invoice` */
  readonly name: string;
  /** `invoices`: the table, the folder, the route */
  readonly plural: string;
  /** `Invoice` */
  readonly Entity: string;
  /** `Invoices` */
  readonly Entities: string;
  /** `an invoice` */
  readonly one: string;
  /** `INVOICE`: the stream */
  readonly stream: string;
}

export function namesOf(name: string): ServiceNames {
  const plural = pluralOf(name);
  return {
    name,
    plural,
    Entity: capital(name),
    // A word that is its own plural would name two classes.
    Entities: plural === name ? `${capital(name)}List` : capital(plural),
    one: `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`,
    stream: name.toUpperCase(),
  };
}

export const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

function pluralOf(word: string): string {
  if (/(ss|x|ch|sh)$/.test(word)) return `${word}es`;
  if (/s$/.test(word)) return word;
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return `${word}s`;
}

/** `orderConfirmed` of `order.evt.confirmed.v1`; from the second version on with the number: `orderConfirmedV2`. */
export function constantOf(subject: string): string {
  const [owner = '', , what = '', version = ''] = subject.split('.');
  const words = what.split('-').map(capital).join('');
  return `${owner}${words}${version === 'v1' ? '' : version.toUpperCase()}`;
}

/** `order-confirmed` of `orderConfirmed` */
export const fileNameOf = (constant: string): string =>
  constant.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Means something where the name of a service stands. */
const taken = {
  'a word of JavaScript':
    'abstract await break case catch class const continue debugger default delete do else enum export extends false finally for function get if implements import in instanceof interface let module new null of package private protected public return set static super switch this throw true try type typeof var void while with yield',
  'something of PostgreSQL': 'none public template session',
  'a part of the platform':
    'advisory app apps audit base bootstrap cli common databases dlq docker docs edge everything init jobs k8s lib libs main migration migrations nats observe operator outside platform postgres prometheus provisioner provisioning secrets service services shared telemetry test tests tools utils',
  'a file of the contracts': 'define headers index overview paging routes texts topology values',
} as const;

/** @returns why the name cannot be that of a service */
export function problemOfServiceName(name: string, projects: readonly string[]): string | undefined {
  if (!/^[a-z]{2,24}$/.test(name))
    return 'it must be one word of 2 to 24 lower-case letters, because it stands in subjects, SQL, DNS and code as it is';
  if (projects.includes(name)) return `there is a project of this name already`;
  for (const [what, words] of Object.entries(taken)) if (words.split(' ').includes(name)) return `"${name}" is ${what}`;
  return undefined;
}
