import { once } from 'node:events';
import { connect } from 'node:net';
import { loadSettings } from '@causeway/config';
import { certificateFor, startNats, withOpenssl, type TestCertificate, type TestNats } from '@causeway/testkit';
import { connectNats } from '../src/connection.js';
import { natsSettings, type NatsSettings } from '../src/settings.js';

withOpenssl('NATS over TLS', () => {
  let ca: string;
  let ofAnotherHost: TestCertificate;
  let encrypted: TestNats;
  let another: TestNats;
  let plain: TestNats;
  beforeAll(async () => {
    const certificate = certificateFor('localhost');
    ({ ca } = certificate);
    ofAnotherHost = certificateFor('nats');
    [encrypted, another, plain] = await Promise.all([
      startNats({ tls: certificate }),
      startNats({ tls: ofAnotherHost }),
      startNats(),
    ]);
  });
  afterAll(async () => {
    await Promise.all([encrypted?.stop(), another?.stop(), plain?.stop()]);
  });

  const settings = ({ port }: TestNats, NATS_CA?: string): NatsSettings =>
    loadSettings(natsSettings, { NATS_URL: `nats://localhost:${port}`, ...(NATS_CA && { NATS_CA }) });
  const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  test('with the certificate of the authority the connection is encrypted, after a restart of the server, too', async () => {
    const nc = await connectNats(settings(encrypted, ca), { name: 'tls' });
    expect(nc.info).toMatchObject({ tls_required: true });
    nc.subscribe('echo', { callback: (_, message) => void message.respond(message.data) });
    expect((await nc.request('echo', 'one', { timeout: 5_000 })).string()).toBe('one');
    const reconnected = (async () => {
      for await (const { type } of nc.status()) if (type === 'reconnect') return;
    })();
    await encrypted.restart();
    await reconnected;
    expect((await nc.request('echo', 'two', { timeout: 5_000 })).string()).toBe('two');
    await nc.close();
  });

  test.each([
    [
      'another authority',
      () => settings(encrypted, ofAnotherHost.ca),
      /certificate.*\((SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_)\w+\)/,
    ],
    ['another host name', () => settings(another, ofAnotherHost.ca), /altnames.*\(ERR_TLS_CERT_ALTNAME_INVALID\)/],
    ['no authority', () => settings(encrypted), /certificate.*\((SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_)\w+\)/],
    ['a server without TLS', () => settings(plain, ca), /: the server offers no TLS$/],
  ])('%s: the start ends with what is wrong, and says what to do', async (_, from, reason) => {
    expect(await errorOf(connectNats(from(), { name: 'tls' }))).toMatchObject({
      code: 'BROKER_UNTRUSTED',
      message: expect.stringMatching(reason),
      remedy: expect.stringContaining('NATS_CA_FILE'),
    });
  });

  test('the server takes no client that does not encrypt', async () => {
    const socket = connect(encrypted.port, '127.0.0.1');
    socket.on('error', () => undefined);
    let said = '';
    socket.on('data', (data: Buffer) => (said += data.toString()));
    socket.write('CONNECT {"verbose":false,"tls_required":false}\r\nPING\r\n');
    await once(socket, 'close');
    expect(said).toMatch(/^INFO .*"tls_required":true/);
    expect(said).not.toContain('PONG');
  });
});
