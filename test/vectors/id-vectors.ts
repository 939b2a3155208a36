import { createHash } from "node:crypto";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Written a second time on purpose, without the contract library: the vectors must not repeat its mistakes. */
function base62(lines: readonly (string | number)[], length: number): string {
  const digest = createHash("sha256").update(lines.join("\n"), "utf8").digest("hex");
  let rest = BigInt(`0x${digest.slice(0, 32)}`) % 62n ** BigInt(length);
  const digits = Array.from({ length }, () => {
    const digit = DIGITS[Number(rest % 62n)];
    rest /= 62n;
    return digit;
  });
  return digits.toReversed().join("");
}

const userId = (account: string): string => base62(["user", account], 17);

const user = (account: string) => ({
  name: `user ${account}`,
  input: { kind: "user", account },
  expect: userId(account),
});

const directMessage = (accounts: readonly [string, string]) => {
  const userIds = accounts.map(userId);
  const name = `direct message opened by ${accounts[0]} with ${accounts[1]}`;
  // Base62 digits are ASCII, so the default order is the order of bytes.
  return { name, input: { kind: "dm", accounts, userIds }, expect: userIds.toSorted().join("") };
};

const channel = (of: { siteId: string; account: string; requestId: string }) => ({
  name: `channel of ${of.account} at ${of.siteId}`,
  input: { kind: "channel", ...of },
  expect: base62(["room", of.siteId, of.account, of.requestId], 17),
});

const system = (of: { roomId: string; revision: number; type: string }) => ({
  name: `system message of revision ${of.revision}, ${of.type}`,
  input: { kind: "system", ...of },
  expect: base62(["sys", of.roomId, of.revision, of.type], 22),
});

/** The derived ids of SPEC-rooms 1.1, the anchors of 6.3 first. */
export const idVectors = () => [
  user("ann"),
  user("bob"),
  directMessage(["ann", "bob"]),
  directMessage(["bob", "ann"]),
  channel({ siteId: "site-a", account: "ann", requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f" }),
  system({ roomId: "jHjHNiEuCoJo8Nrzp", revision: 1, type: "room_created" }),
  user("Zoë"),
  system({ roomId: "jHjHNiEuCoJo8Nrzp", revision: 12, type: "members_added" }),
];
