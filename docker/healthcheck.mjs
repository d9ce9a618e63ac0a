// HEALTHCHECK of the images: no curl needed. Asks the management port whether the service is ready.
import { get } from 'node:http';

const port = process.env.MANAGEMENT_PORT ?? '9090';
get({ host: '127.0.0.1', port, path: '/health/ready', timeout: 2_000 }, ({ statusCode }) =>
  process.exit(statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
