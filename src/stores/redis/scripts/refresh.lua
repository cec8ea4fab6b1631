-- Sets what remains of many records' ttl, each if it is its owner's, in one step.
--
-- KEYS[i]      the records
-- ARGV[1]      echo: any text; comes back, so that the requester knows its own reply
-- ARGV[2i]     what KEYS[i] begins with, if it is its owner's: {"owner":"<32 hex id>-<16 hex ticket>
-- ARGV[2i+1]   ttl_ms of KEYS[i]
--
-- Replies { echo, time_us, verdicts, took_us }, all strings. took_us is for how long this script
-- has kept the server busy. verdicts has one letter for each key in order, because a text of a
-- hundred letters costs both sides less than a hundred texts:
--   r    refreshed: its ttl is ttl_ms from now
--   l    lost: no record, another owner's, or another ticket's
--
-- G1: set, never added to. G3: others' records are left alone. Works when memory is full: PEXPIRE
-- is the only write. A ttl below 1 ms would delete the record, so it counts as 1. Idempotent.

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

-- Servers without os.clock (Redis 7.0) have a clock that goes on within a script; where it stands
-- still (from Redis 7.2 on), there is os.clock.
local has_os, os_library = pcall(function() return os end)
local used_before = has_os and os_library and os_library.clock()

local last_text, last_ttl
local function ttl_of(text)
  if text ~= last_text then  -- most often all have the same
    last_text, last_ttl = text, string.format('%.0f', math.max(tonumber(text), 1))
  end
  return last_ttl
end

local call, try, arguments, verdicts = redis.call, redis.pcall, ARGV, {}
for i, key in ipairs(KEYS) do
  local head = try('GETRANGE', key, '0', '58')
  if type(head) == 'table' then
    -- Another type than string is not our record; one bad key must not fail the others.
    if not string.find(head.err, 'WRONGTYPE', 1, true) then
      return head
    end
    head = ''
  end
  verdicts[i] = 'l'
  if head == arguments[2 * i] then
    if call('PEXPIRE', key, ttl_of(arguments[2 * i + 1])) == 1 then
      verdicts[i] = 'r'
    end
  end
end

local took_us
if used_before then
  took_us = (os_library.clock() - used_before) * 1000000
else
  clock = redis.call('TIME')
  took_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2]) - now_us
end
return {ARGV[1], string.format('%.0f', now_us), table.concat(verdicts), string.format('%.0f', took_us)}
