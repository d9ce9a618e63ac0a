/**
 * Returns whether a code of Node's TLS means that the certificate of a server was refused: it is not signed by an
 * authority that we trust, is for another host, or is not valid now. Waiting will not change that.
 */
export const isCertificateRefused = (code: unknown): boolean =>
  typeof code === 'string' &&
  /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_|CERT_|INVALID_CA|ERR_TLS_CERT_ALTNAME_INVALID)/.test(code);
