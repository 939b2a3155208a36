/** Where one server of the store listens. */
export interface ValkeyAddress {
  readonly host: string;
  readonly port: number;
}

const FORM = /^(?:\[(?<bracketed>[0-9A-Fa-f:.]+)\]|(?<plain>[^\s:[\]/@]+)):(?<port>\d{1,5})$/;
const PORT_MAX = 65_535;

/**
 * Parses `host:port` or `[IPv6]:port`; an address has no default.
 * @throws {Error} that repeats the text only when it looks like an address: a misplaced secret does not
 */
export function parseValkeyAddress(text: string): ValkeyAddress {
  const { bracketed, plain, port = "" } = FORM.exec(text)?.groups ?? {};
  const host = bracketed ?? plain;
  if (host === undefined)
    throw new Error("a Valkey address must have the form host:port, as in valkey.internal:6379");
  if (Number(port) < 1 || Number(port) > PORT_MAX)
    throw new Error(`the port of ${text} is not within 1 and ${PORT_MAX}`);
  return { host, port: Number(port) };
}
