import type { ValkeyClient } from "@parley/valkey/connect-valkey";
import { defineScript } from "@parley/valkey/define-script";
import { keyResendNames } from "@parley/valkey/keys";
import { failedTo } from "@parley/valkey/valkey-error";

import { type DueResend, type KeyResendStore, RESEND_AFTER_MS } from "./key-resend-store.ts";

/** KEYS due, attempts. ARGV room id, moment of the first re-send. */
const SCHEDULE = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
`;

/**
 * KEYS due, attempts. ARGV now, limit, then the pauses between one re-send and the next (ms). A room after its last one
 * leaves both keys.
 */
const CLAIM = `
local claimed = {}
for _, room in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  local attempt = redis.call('HINCRBY', KEYS[2], room, 1)
  local pause = ARGV[2 + attempt]
  if pause then
    redis.call('ZADD', KEYS[1], tonumber(ARGV[1]) + tonumber(pause), room)
  else
    redis.call('ZREM', KEYS[1], room)
    redis.call('HDEL', KEYS[2], room)
  end
  claimed[#claimed + 1] = room
  claimed[#claimed + 1] = attempt
end
return claimed
`;

/** KEYS due, attempts. ARGV room id, attempt. */
const SETTLE = `
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
`;

const [FIRST_MS] = RESEND_AFTER_MS;
const PAUSES_MS = RESEND_AFTER_MS.slice(1).map((moment, index) => moment - (RESEND_AFTER_MS[index] ?? 0));

/** Room id and attempt follow each other. */
function claimsIn(reply: unknown): readonly DueResend[] {
  const words = Array.isArray(reply) ? reply.map(String) : [];
  const claims: DueResend[] = [];
  for (let at = 0; at + 1 < words.length; at += 2)
    claims.push({ roomId: words[at] ?? "", attempt: Number(words[at + 1]) });
  return claims;
}

/** {@link KeyResendStore} in Valkey, one server or a cluster. */
export function valkeyKeyResendStore(client: ValkeyClient, siteId: string): KeyResendStore {
  const { due, attempts } = keyResendNames(siteId);
  const keys = [due, attempts];
  const schedule = defineScript(client, SCHEDULE);
  const claim = defineScript(client, CLAIM);
  const settle = defineScript(client, SETTLE);
  return {
    async schedule(roomId, at) {
      await schedule({ keys, args: [roomId, at + FIRST_MS] }).catch(failedTo("schedule a re-send"));
    },
    claim: async ({ now, limit }) =>
      claimsIn(await claim({ keys, args: [now, limit, ...PAUSES_MS] }).catch(failedTo("claim re-sends"))),
    async settle({ roomId, attempt }) {
      await settle({ keys, args: [roomId, attempt] }).catch(failedTo("end re-sends"));
    },
  };
}
