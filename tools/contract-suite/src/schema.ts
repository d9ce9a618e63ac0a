import type { ContractSchema } from '@causeway/contracts/published';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

// Ajv's strict mode refuses keywords that it does not know; the formats of zod are a superset of those of ajv-formats.
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
(formats as unknown as (instance: Ajv) => void)(ajv);
const compiled = new WeakMap<ContractSchema, ValidateFunction>();

/** @returns what is wrong, each with its JSON pointer; empty when the value is valid */
export function violations(schema: ContractSchema, value: unknown): string[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  return validate(value) ? [] : (validate.errors ?? []).map(inWords);
}

const inWords = ({ instancePath, message, params }: ErrorObject): string => {
  const extra = (params as { additionalProperty?: string }).additionalProperty;
  return `${instancePath || '(all of it)'} ${message}${extra === undefined ? '' : `: ${extra}`}`;
};

export const isValid = (schema: ContractSchema, value: unknown): boolean => violations(schema, value).length === 0;
