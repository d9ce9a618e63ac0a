import { createServer, type AddressInfo, type Socket } from 'node:net';
import { loadSettings } from '@causeway/config';
import { inSpan, startTelemetry, telemetrySettings } from './index.js';

test('a collector that accepts and never answers holds the shutdown up for three seconds at most', async () => {
  const sockets: Socket[] = [];
  const hole = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
  const { port } = hole.address() as AddressInfo;
  const settings = loadSettings(telemetrySettings, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  const telemetry = await startTelemetry({ service: 'order', version: '1.0.0', instanceId: 'order-1', settings });
  await inSpan('lost', {}, () => undefined);
  const start = performance.now();
  await telemetry.shutdown();
  expect(performance.now() - start).toBeLessThan(9_000); // the exporter's own limit is 10 s
  for (const socket of sockets) socket.destroy();
  hole.close();
});
