import { runService } from '@causeway/service-host/run';
import { service } from './service.js';

await runService(service);
