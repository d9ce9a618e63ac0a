export { asyncApiDocument } from './asyncapi.js';
export { openApiDocument, relocated, type ApiAddresses, type OpenApiDocument } from './openapi.js';
