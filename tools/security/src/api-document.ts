import type { RouteDefinition } from '@causeway/contracts';

/** The part of JSON Schema that the API document uses. */
export interface FuzzedSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly FuzzedSchema[];
  readonly oneOf?: readonly FuzzedSchema[];
  readonly allOf?: readonly FuzzedSchema[];
  readonly properties?: Readonly<Record<string, FuzzedSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | FuzzedSchema;
  readonly items?: FuzzedSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly pattern?: string;
}

export interface DocumentedParameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: FuzzedSchema;
}

export interface DocumentedOperation {
  readonly operationId: string;
  readonly parameters?: readonly DocumentedParameter[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: FuzzedSchema; readonly example?: unknown }>>;
  };
}

/** The OpenAPI document as the gateway serves it. */
export class ApiDocument {
  private constructor(private readonly content: { readonly paths: Paths; readonly components: object }) {}

  static async read(gateway: string): Promise<ApiDocument> {
    const response = await fetch(`${gateway}/openapi.json`);
    if (!response.ok) throw new Error(`${gateway}/openapi.json answered ${response.status}`);
    return new ApiDocument((await response.json()) as ApiDocument['content']);
  }

  /** @throws where the gateway's document lacks a route of this build: the target is another version */
  operation({ method, path }: Pick<RouteDefinition, 'method' | 'path'>): DocumentedOperation {
    const operation = this.content.paths[path]?.[method];
    if (operation) return operation;
    throw new Error(`the document of the gateway lacks ${method.toUpperCase()} ${path}: it is of another version`);
  }

  parameters(route: Pick<RouteDefinition, 'method' | 'path'>): readonly DocumentedParameter[] {
    return (this.operation(route).parameters ?? []).map((each) => this.resolve(each));
  }

  /** Follows references, also several in a row. */
  resolve<T extends { readonly $ref?: string }>(part: T): T {
    if (part.$ref === undefined) return part;
    const steps = part.$ref.slice(2).split('/');
    const found = steps.reduce<unknown>((at, step) => (at as Readonly<Record<string, unknown>>)[step], this.content);
    return this.resolve(found as T);
  }

  body(route: Pick<RouteDefinition, 'method' | 'path'>): { schema: FuzzedSchema; example?: unknown } | undefined {
    return this.operation(route).requestBody?.content['application/json'];
  }
}

type Paths = Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
