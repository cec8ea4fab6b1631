-- What is at a key, and who waits for it. Changes nothing.
--
-- KEYS    1 the record   2 the queue   3 the waiters (not read)   4 the mark
--         (2 to 4 are not there for a key that has no place for them)
-- ARGV[1] echo           any text; comes back
-- ARGV[2] max_bytes     of the value; a longer one is cut (no valid record is that long)
-- ARGV[3] max_waiters   so many are shown, the first in line
--
-- Replies { echo, time_us, remaining_ms, value, waiting, mark, (owner, arrived_us, tail_head)... },
-- all strings. remaining_ms: -1 never expires, -2 there is nothing (then value is "" and no waiters
-- are shown). waiting: how many, damaged entries among them, which are not shown. mark: "" for none.
-- Another type than string at the record raises WRONGTYPE; side keys of other types belong to no lock
-- queue.

local record, queue, waiters, mark = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- @include shared/clock.lua
-- @include shared/entry.lua
-- @include shared/words.lua

local remaining_ms = redis.call('PTTL', record)
local value = redis.call('GETRANGE', record, 0, tonumber(ARGV[2]) - 1)
local waiting = 0
if queue and remaining_ms ~= -2 then
  waiting = ask(0, 'ZCOUNT', queue, '1', '+inf')
end
local replies = {ARGV[1], whole(now_us), whole(remaining_ms), value, whole(waiting),
  mark and ask('', 'GETRANGE', mark, 0, 4095) or ''}

local max_waiters = tonumber(ARGV[3])
if waiting == 0 or max_waiters == 0 then
  return replies
end
for _, text in ipairs(redis.call('ZRANGEBYSCORE', queue, '1', '+inf', 'LIMIT', '0', ARGV[3])) do
  local owner, place, _, _, _, _, _, tail = read_entry(text)
  if owner then
    replies[#replies + 1] = owner
    replies[#replies + 1] = place
    replies[#replies + 1] = tail
  end
end
return replies
