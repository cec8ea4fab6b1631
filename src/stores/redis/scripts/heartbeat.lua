-- "I still wait": asks whether the lock was handed over, and keeps the entry in the queue alive.
--
-- KEYS    1 the record   2 its highest fence so far   3 the queue   4 the waiters
-- ARGV[1] echo            any text; comes back
-- ARGV[2] owner           "<32 hex id>-<16 hex ticket>"
-- ARGV[3] ttl_ms          of the record, where it was handed over; 1 or more
-- ARGV[4] alive_ms        how long the entry counts as alive from now on
-- ARGV[5] channel         where to publish the wake-up; "": nowhere
--
-- Replies in one string, with a space between: echo, time_us, outcome, fence, remaining_ms, position
--   granted      the record is this very ticket's, with its fence; its ttl is ttl_ms from now
--   waiting      its entry is in the queue
--   gone         neither
--   bad_fence    KEYS[2] holds no fence, so nothing can be handed over; nothing was done
-- remaining_ms: of the record in the way; -1 never expires. Keys of other types raise WRONGTYPE;
-- nothing was done.
--
-- G4: never makes an entry. Works when memory is full: its first write is PEXPIRE or ZREM.

local record, fence_key, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- @include shared/clock.lua

-- The common case after a wake-up, before anything is defined: the record is this very ticket's.
local head = redis.call('GETRANGE', record, '0', '127')
if string.sub(head, 1, 60) == '{"owner":"' .. ARGV[2] .. '"' then
  local fence = string.match(head, '^,"fence":([1-9]%d*),', 61)
  if fence and tonumber(fence) < 9007199254740992 then
    redis.call('PEXPIRE', record, math.max(tonumber(ARGV[3]), 1))
    return ARGV[1] .. ' ' .. string.format('%.0f', now_us) .. ' granted ' .. fence .. ' ' ..
      ARGV[3] .. ' 0'
  end
end

-- @include shared/entry.lua
-- @include shared/hand_over.lua
-- @include shared/words.lua
-- @include shared/owners.lua
-- @include shared/queue.lua
-- @include shared/advance.lua

local own_id, own_ticket = string.sub(ARGV[2], 1, 32), string.sub(ARGV[2], 34, 49)

local remaining_ms = redis.call('PTTL', record)
local id, ticket, fence = read_head(head)
if remaining_ms == -2 then
  local new_ms
  id, ticket, fence, new_ms = advance_from_kept_fence()
  if id == 'bad_fence' then
    return reply('bad_fence', '0', '-2', '0')
  end
  remaining_ms = new_ms or 0
end

if id == own_id and ticket == own_ticket and fence then
  redis.call('PEXPIRE', record, math.max(tonumber(ARGV[3]), 1))
  return reply('granted', whole(fence), ARGV[3], '0')
end

local there = find(own_id, redis.call('ZSCORE', queue, own_id))
if not there or there.ticket ~= own_ticket then
  return reply('gone', '0', whole(remaining_ms), '0')
end
-- What its attempt has left there, but for how long it counts as alive and the channel.
local confirm_ms, floor, tail =
  string.match(there.text, '^%S+ %d+ %d+ %d+ (%d+) (%d+) %d+ %S* (.*)$')
redis.call('ZREM', queue, there.text)
redis.call('ZADD', queue, there.place,
  entry_text(ARGV[2], there.place, ARGV[4], confirm_ms, floor, there.rest, ARGV[5], tail))
keep_queue()
if there.rest > 0 and ask(0, 'HEXISTS', waiters, own_id) == 1 then
  redis.call('PEXPIRE', waiters, '60000')
end
local position = redis.call('ZCOUNT', queue, '1', there.place)
return reply('waiting', '0', whole(remaining_ms), whole(position))
