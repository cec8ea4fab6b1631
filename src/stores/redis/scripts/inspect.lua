-- What is at a key, and who waits for it. Changes nothing.
--
-- KEYS    1 the record   2 the queue   3 the waiters   4 the mark
--         (2 to 4 are not there for a key that has no place for them)
-- ARGV[1] echo           any text; comes back
-- ARGV[2] most_bytes     of the value; a longer one is cut (no record of ours is that long)
-- ARGV[3] most_waiters   so many are shown, the first in line
--
-- Replies { echo, time_us, remaining_ms, value, waiting, mark, (owner, arrived_us, tail_head)... },
-- all strings. remaining_ms: -1 never expires, -2 there is nothing (then value is "" and no waiters
-- are told). waiting: how many, damaged entries among them, which are not told. mark: "" for none.
-- Another type than string at the record raises WRONGTYPE; side keys of other types are nobody's
-- queue.

local record, queue, waiters, mark = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- @include shared/clock.lua
-- @include shared/words.lua
-- @include shared/queue.lua

local remaining_ms = redis.call('PTTL', record)
local value = redis.call('GETRANGE', record, 0, tonumber(ARGV[2]) - 1)
local waiting = 0
if queue and remaining_ms ~= -2 then
  waiting = ask(0, 'ZCARD', queue)
end
local replies = {ARGV[1], whole(now_us), whole(remaining_ms), value, whole(waiting),
  mark and ask('', 'GETRANGE', mark, 0, 4095) or ''}

local most_waiters = tonumber(ARGV[3])
if waiting == 0 or most_waiters == 0 then
  return replies
end
local ids = redis.call('ZRANGE', queue, 0, most_waiters - 1, 'WITHSCORES')
local fields = {}
for i = 1, #ids, 2 do
  fields[i], fields[i + 1] = ids[i], ids[i] .. ':alive'
end
local entries = ask({}, 'HMGET', waiters, unpack(fields))
for i = 1, #ids, 2 do
  local entry = read_entry(ids[i], ids[i + 1], entries[i], entries[i + 1])
  if entry then
    replies[#replies + 1] = entry.id .. '-' .. entry.ticket
    replies[#replies + 1] = entry.score
    replies[#replies + 1] = entry.tail
  end
end
return replies
