-- Deletes a record, whichever client wrote it, if its value is exactly the expected one, and hands over what
-- becomes free.
--
-- KEYS    1 the record   2 its highest fence so far   3 the queue   4 the waiters
--         (2 to 4 are not there for a key that has no place for them)
-- ARGV[1] echo        any text; comes back
-- ARGV[2] expected    the whole value
--
-- Replies in one string, with a space between: echo, time_us, verdict
--   removed      it was deleted
--   different    there is nothing, another value, or another type than string
--
-- The one script that may end another client's hold, for people who saw the record before (G3 does
-- not cover it). DEL or ZREM is the first write; what is refused behind it, on the way to the next
-- one, changes nothing about the verdict. Idempotent, but for the verdict.

local record, fence_key, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- @include shared/clock.lua
-- @include shared/entry.lua
-- @include shared/hand_over.lua
-- @include shared/words.lua
-- @include shared/owners.lua
-- @include shared/queue.lua
-- @include shared/advance.lua

local value = ask(true, 'GET', record)
local is_expected = value == ARGV[2] and redis.call('DEL', record) == 1
if queue and (is_expected or not value) then
  local _, _, fence = read_head(string.sub(value or '', 1, 128))
  pcall(function() advance(fence or kept_fence()) end)
end
return reply(is_expected and 'removed' or 'different')
