const resolve =
  'The name of the host cannot be resolved: check the base URL in the secret, and the DNS of the network.';
const route = 'There is no way to the host: check the NAT gateway or proxy, and the firewall.';
const tls =
  'No trusted TLS connection: check that the base URL names the host of the certificate, and that no proxy is between.';

const fixes: Record<string, string> = {
  ENOTFOUND: resolve,
  EAI_AGAIN: resolve,
  ECONNREFUSED: 'Nothing listens there: check host and port of the base URL in the secret.',
  EHOSTUNREACH: route,
  ENETUNREACH: route,
  ETIMEDOUT: route,
  EPROTO: tls,
  CERT_HAS_EXPIRED: tls,
  DEPTH_ZERO_SELF_SIGNED_CERT: tls,
  SELF_SIGNED_CERT_IN_CHAIN: tls,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: tls,
};

/** What to do about a connection that failed with this system or OpenSSL code, if the code tells. */
export const connectionFix = (code: string): string | undefined =>
  fixes[code] ?? (/^ERR_(TLS|SSL)/.test(code) ? tls : undefined);
