import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { Browser } from './browser.js';

/** What an attacker, or a broken device, does differently. */
export interface Deviation {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly userVerified?: boolean;
  readonly counter?: number;
  readonly userHandle?: string | undefined;
}

interface Offer {
  readonly challenge: string;
  readonly user?: { readonly id: string };
}

const userPresent = 0x01;
const userVerifiedFlag = 0x04;
const attested = 0x40;
const base64url = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();

/** A device with one passkey: an ES256 key pair, and a counter (WebAuthn 3, 6). */
export class Authenticator {
  readonly id = randomBytes(32);
  counter = 0;
  userHandle: string | undefined;
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  private readonly rpId: string;
  private readonly origin: string;

  constructor(issuer: string) {
    ({ hostname: this.rpId, origin: this.origin } = new URL(issuer));
  }

  /** Makes the passkey that a page asks for. @returns The field `credential` of its form. */
  create({ challenge, user }: Offer, deviation: Deviation = {}): string {
    this.userHandle = user?.id;
    const authData = Buffer.concat([
      this.data(attested, deviation),
      Buffer.alloc(16),
      Buffer.from([0, this.id.length]),
      this.id,
      coseKey(this.keys.publicKey),
    ]);
    const attestation = cbor(new Map<string, unknown>(Object.entries({ fmt: 'none', attStmt: new Map(), authData })));
    return this.credential({
      clientDataJSON: this.clientData('webauthn.create', challenge, deviation),
      attestationObject: base64url(attestation),
      transports: ['internal'],
    });
  }

  /** Signs what a page asks for. @returns The field `credential` of its form. */
  get({ challenge }: Offer, deviation: Deviation = {}): string {
    this.counter++;
    const authenticatorData = this.data(0, deviation);
    const clientDataJSON = this.clientData('webauthn.get', challenge, deviation);
    const signed = Buffer.concat([authenticatorData, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    return this.credential({
      clientDataJSON,
      authenticatorData: base64url(authenticatorData),
      signature: base64url(sign('sha256', signed, this.keys.privateKey)),
      userHandle: 'userHandle' in deviation ? deviation.userHandle : this.userHandle,
    });
  }

  private credential(response: object): string {
    const id = base64url(this.id);
    return JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response });
  }

  private clientData(type: string, asked: string, { origin = this.origin, challenge = asked }: Deviation): string {
    return base64url(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }

  private data(flags: number, { rpId = this.rpId, userVerified = true, counter = this.counter }: Deviation): Buffer {
    const head = Buffer.alloc(5);
    head.writeUInt8(userPresent | (userVerified ? userVerifiedFlag : 0) | flags);
    head.writeUInt32BE(counter, 1);
    return Buffer.concat([sha256(rpId), head]);
  }
}

/** The options in the form of a page. */
export function offerIn(html: string): Offer {
  const text = /data-options="([^"]*)"/.exec(html)?.[1];
  if (text === undefined) throw new Error('the page has no form for a passkey');
  return JSON.parse(text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))) as Offer;
}

/** Adds a passkey on the page of a browser that has just signed in. */
export async function addPasskey(browser: Browser, issuer: string, name = 'My telephone'): Promise<Authenticator> {
  const device = new Authenticator(issuer);
  const page = await browser.fetch(`${issuer}/passkeys`);
  const credential = device.create(offerIn(await page.text()));
  const { response } = await browser.submit(`${issuer}/passkeys`, { name, credential });
  if (response.status !== 200) throw new Error(`the passkey was refused with ${response.status}`);
  return device;
}

/** COSE_Key of an ES256 key (RFC 9053, 7.1.1). */
function coseKey(key: KeyObject): Buffer {
  const { x, y } = key.export({ format: 'jwk' });
  const coordinate = (text: string | undefined): Buffer => Buffer.from(text!, 'base64url');
  return cbor(
    new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, coordinate(x)],
      [-3, coordinate(y)],
    ]),
  );
}

/** As much of CBOR (RFC 8949) as a passkey needs: small integers, texts, bytes and maps. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
  if (typeof value === 'string') return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([cborHead(2, value.length), value]);
  const entries = [...(value as Map<unknown, unknown>)];
  return Buffer.concat([cborHead(5, entries.length), ...entries.flat().map(cbor)]);
}

function cborHead(type: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(type << 5) | size]);
  return size < 256 ? Buffer.from([(type << 5) | 24, size]) : Buffer.from([(type << 5) | 25, size >> 8, size & 0xff]);
}
