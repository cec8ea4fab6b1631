-- Deletes a record, whoever wrote it, if its value is exactly the expected one.
--
-- KEYS[1] the record
-- ARGV[1] echo        any text; comes back, so that the asker knows its own reply
-- ARGV[2] expected    the whole value
--
-- Replies { echo, time_us, verdict }, all strings:
--   removed      it was deleted
--   different    there is nothing, another value, or another type than string
--
-- The one script that may end somebody else's hold, for people who saw the record before (G3 does
-- not cover it). DEL is the first write. Idempotent, but for the verdict.

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

local verdict = 'different'
local value = redis.pcall('GET', KEYS[1])
if type(value) == 'table' and not string.find(value.err, 'WRONGTYPE', 1, true) then
  return value
end
if value == ARGV[2] and redis.call('DEL', KEYS[1]) == 1 then
  verdict = 'removed'
end
return {ARGV[1], string.format('%.0f', now_us), verdict}
