-- Deletes the mark that a release left beside a lock.
--
-- KEYS    1 the mark
-- ARGV[1] echo     any text; comes back
--
-- Replies in one string, with a space between: echo, time_us, verdict
--   forgotten    it was deleted
--   nothing      there was none
--
-- For people: the next one that runs once per period runs. Idempotent, but for the verdict.

-- @include shared/clock.lua
-- @include shared/words.lua

return reply(redis.call('DEL', KEYS[1]) == 1 and 'forgotten' or 'nothing')
