/**
 * The room's acks are one hash: the field of an account holds `{deviceId}:{version}` for each of its devices, separated
 * by spaces, with no device id for the account itself. The field without a name, which no account has, holds the highest
 * version that may be acknowledged; without it there is nothing to acknowledge.
 */
export const EXPECTED_FIELD = "";

/** KEYS acks. ARGV version, life in ms. */
export const EXPECT = `
local expected = tonumber(redis.call('HGET', KEYS[1], '') or -1)
if expected < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], '', ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`;

/** KEYS acks. ARGV account, device id, version. */
export const WITHDRAW = `
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held then return 0 end
local kept = {}
for known, noted in string.gmatch(held, '(%w*):(%d+)') do
  if known ~= ARGV[2] or noted ~= ARGV[3] then kept[#kept + 1] = known .. ':' .. noted end
end
if #kept == 0 then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], table.concat(kept, ' ')) end
return 1
`;

/**
 * KEYS acks. ARGV life in ms, accounts at most, devices of an account at most, then account, device id and version of
 * each ack. The device that spoke last comes first, so that it is never the one that is left out.
 */
export const ACKNOWLEDGE = `
local expected = tonumber(redis.call('HGET', KEYS[1], '') or -1)
if expected < 0 then return 0 end
local accounts, devices = tonumber(ARGV[2]), tonumber(ARGV[3])
for at = 4, #ARGV, 3 do
  local account, device, version = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local held = redis.call('HGET', KEYS[1], account)
  local fits = held or redis.call('HLEN', KEYS[1]) <= accounts
  local kept, news = {device .. ':' .. ARGV[at + 2]}, version <= expected
  for known, noted in string.gmatch(held or '', '(%w*):(%d+)') do
    if known == device then
      news = news and tonumber(noted) < version
    elseif #kept < devices then
      kept[#kept + 1] = known .. ':' .. noted
    end
  end
  if fits and news then redis.call('HSET', KEYS[1], account, table.concat(kept, ' ')) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`;
