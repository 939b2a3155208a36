/**
 * The atomic operations of SPEC-rooms 6.1. Each takes KEYS current, previous, pending, in this order, some also
 * closed, and begins by reading the versions; -1 stands for an absent key. A version that is no number is answered
 * with `bad_version` and nothing is changed.
 */
const READ_VERSIONS = `
local versions = {}
for slot = 1, 3 do
  local text = redis.call('HGET', KEYS[slot], 'ver')
  if text and not string.match(text, '^%d+$') then return {'bad_version'} end
  versions[slot] = tonumber(text or -1)
end
local current, previous, pending = versions[1], versions[2], versions[3]
`;

/** RENAME takes along that a current key has no expiry; the grace period then starts. */
const CURRENT_TO_PREVIOUS = (graceMs: string): string => `
if current >= 0 then
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('PEXPIRE', KEYS[2], ${graceMs})
end
`;

/** ARGV version, record, at. */
export const PREPARE = `${READ_VERSIONS}
local version = tonumber(ARGV[1])
for _, slot in ipairs({3, 1, 2}) do
  if versions[slot] == version then return {'have', redis.call('HGET', KEYS[slot], 'rec')} end
end
if current > version or pending > version then return {'version_passed'} end
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[3], 'ver', ARGV[1], 'rec', ARGV[2], 'at', ARGV[3])
return {'stored'}
`;

/** ARGV version, grace ms. */
export const ACTIVATE = `${READ_VERSIONS}
local version = tonumber(ARGV[1])
if current >= version then return {'noop'} end
if pending ~= version then return {'not_prepared'} end
${CURRENT_TO_PREVIOUS("ARGV[2]")}
redis.call('RENAME', KEYS[3], KEYS[1])
return {'activated'}
`;

/** KEYS also closed. ARGV version, record, at, grace ms, revision. */
export const SET_WITH_VERSION = `${READ_VERSIONS}
local closed = tonumber(redis.call('GET', KEYS[4]) or -1)
if closed >= tonumber(ARGV[5]) or current >= tonumber(ARGV[1]) then return {'noop'} end
${CURRENT_TO_PREVIOUS("ARGV[4]")}
redis.call('HSET', KEYS[1], 'ver', ARGV[1], 'rec', ARGV[2], 'at', ARGV[3], 'rev', ARGV[5])
return {'set'}
`;

/** ARGV version. Looks at the two served slots in one step, so a rotation in between hides no key. */
export const GET_BY_VERSION = `${READ_VERSIONS}
for slot = 1, 2 do
  if versions[slot] == tonumber(ARGV[1]) then return {'have', redis.call('HGET', KEYS[slot], 'rec')} end
end
return {'absent'}
`;

/**
 * KEYS also closed. ARGV revision. Reads no versions, and a copy's revision as far as there is one: a bad record must
 * not keep a room from being closed.
 */
export const DELETE = `
local closed = tonumber(redis.call('GET', KEYS[4]) or -1)
local revision = tonumber(ARGV[1])
if revision > 0 and revision <= closed then return {'noop'} end
for slot = 1, 3 do
  local text = redis.pcall('HGET', KEYS[slot], 'rev')
  local copied = type(text) == 'string' and tonumber(text) or -1
  if revision == 0 or copied <= revision then redis.call('DEL', KEYS[slot]) end
end
if revision > closed then redis.call('SET', KEYS[4], ARGV[1]) end
return {'deleted'}
`;

/**
 * ARGV version, record, record to put in its place. The bytes are looked for in every slot, since a rotation may have
 * moved them after they were read; those which are in place already count as put there, so a repeat answers the same.
 * Reads no versions: a bad slot beside must not keep the others from being sealed anew.
 */
export const REPLACE = `
for slot = 1, 3 do
  local held = redis.pcall('HMGET', KEYS[slot], 'ver', 'rec')
  if held[1] == ARGV[1] then
    if held[2] == ARGV[2] then redis.call('HSET', KEYS[slot], 'rec', ARGV[3]) end
    if held[2] == ARGV[2] or held[2] == ARGV[3] then return {'replaced'} end
  end
end
return {'gone'}
`;
