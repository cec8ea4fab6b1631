-- One attempt at a lock, in one step.
--
-- KEYS[1] the record      KEYS[2] its highest fence so far (same cluster slot)
-- ARGV[1] echo            any text; comes back, so that the asker knows its own reply
-- ARGV[2] not_after_us    server time in us after which nothing is done; 0: no limit
-- ARGV[3] owner           "<32 hex id>-<16 hex ticket>"
-- ARGV[4] ttl_ms          of the record, 1 or more
-- ARGV[5] floor           the new fence is above it
-- ARGV[6] tail            of the record, behind owner, fence and since_us
--
-- Replies { echo, time_us, outcome, fence, remaining_ms }, all strings:
--   granted      written now, taken over from this owner's older ticket, or there already
--                by this very ticket (then with its fence, and its ttl runs on)
--   busy         somebody else's record is there
--   superseded   a newer ticket of this owner is there
--   too_late     nothing was done
--   bad_fence    KEYS[2] holds no fence; nothing was done
-- fence: of the grant, else the highest known, 0 for none. remaining_ms: -1 never expires,
-- -2 no record. A key of another type than string raises WRONGTYPE; nothing was done.
--
-- G2: the fence is above the last one, the clock and the floor. G3: only its own record is
-- written over. G4: the same call again changes nothing. When memory is full the first SET is
-- refused and nothing is written; the record is the last write, and never without its ttl.

local record, fence_key = KEYS[1], KEYS[2]
local owner, ttl_ms, floor = ARGV[3], ARGV[4], tonumber(ARGV[5])

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

local remaining_ms = redis.call('PTTL', record)
local head = redis.call('GETRANGE', record, 0, 127)
local id, ticket = string.match(head, '^{"owner":"([0-9a-f]+)%-([0-9a-f]+)')
local is_ours = ticket and #ticket == 16 and id == string.sub(owner, 1, 32)
local old_fence = tonumber(string.match(head, '^{"owner":"[0-9a-f-]+","fence":([1-9]%d*),') or '')

local kept = redis.call('GET', fence_key) or '0'
local last = tonumber(string.match(kept, '^%d+$') or '')
local highest = math.max(last or 0, old_fence or 0)

local function whole(number)
  return string.format('%.0f', number)
end

local function reply(outcome, fence, ms)
  return {ARGV[1], whole(now_us), outcome, whole(fence), whole(ms)}
end

-- In two halves: a number is exact up to 53 bits, and the order of texts depends on the locale.
local function is_newer(a, b)
  local a_high, b_high = tonumber(string.sub(a, 1, 8), 16), tonumber(string.sub(b, 1, 8), 16)
  local a_low, b_low = tonumber(string.sub(a, 9, 16), 16), tonumber(string.sub(b, 9, 16), 16)
  return a_high > b_high or (a_high == b_high and a_low > b_low)
end

local not_after_us = tonumber(ARGV[2])
if not_after_us > 0 and now_us > not_after_us then
  return reply('too_late', highest, -2)
end

local is_free = remaining_ms == -2
if not is_free then
  local asked = string.sub(owner, 34, 49)
  if not is_ours then
    return reply('busy', highest, remaining_ms)
  elseif ticket == asked and old_fence then
    return reply('granted', old_fence, remaining_ms)
  elseif ticket == asked then
    -- Written by us and damaged by somebody since: not ours any more.
    return reply('busy', highest, remaining_ms)
  elseif is_newer(ticket, asked) then
    return reply('superseded', highest, remaining_ms)
  end
end

-- 2^53 - 1: above it a number skips integers. Not before the year 2255, unless others wrote it.
if not last or math.max(highest, floor) >= 9007199254740991 then
  return reply('bad_fence', 0, remaining_ms)
end
local fence = math.max(highest + 1, now_us, floor + 1)
local value = '{"owner":"' .. owner .. '","fence":' .. whole(fence) ..
  ',"since_us":' .. whole(now_us) .. ARGV[6]

-- A day: then the time part alone makes fences grow, and names that are not used leave nothing.
redis.call('SET', fence_key, whole(fence), 'PX', 86400000)
if is_free then
  redis.call('SET', record, value, 'NX', 'PX', ttl_ms)
else
  redis.call('SET', record, value, 'PX', ttl_ms)
end
return reply('granted', fence, tonumber(ttl_ms))
