-- What is at a key. Changes nothing.
--
-- KEYS[1] the record
-- ARGV[1] echo          any text; comes back, so that the asker knows its own reply
-- ARGV[2] most_bytes    of the value; a longer one is cut (no record of ours is that long)
--
-- Replies { echo, time_us, remaining_ms, value }, all strings. remaining_ms: -1 never expires,
-- -2 there is nothing (then value is ""). Another type than string raises WRONGTYPE.

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

local remaining_ms = redis.call('PTTL', KEYS[1])
local value = redis.call('GETRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1)
return {ARGV[1], string.format('%.0f', now_us), string.format('%.0f', remaining_ms), value}
