-- Sets what remains of many records' ttl, each if it is its owner's, in one step.
--
-- KEYS[i]      the records
-- ARGV[1]      echo: any text; comes back, so that the asker knows its own reply
-- ARGV[2i]     owner of KEYS[i], "<32 hex id>-<16 hex ticket>"
-- ARGV[2i+1]   ttl_ms of KEYS[i]
--
-- Replies { echo, time_us, verdict... }, all strings, one verdict for each key in order:
--   refreshed    its ttl is ttl_ms from now
--   lost         no record, another owner's, or another ticket's
--
-- G1: set, never added to. G3: others' records are left alone. Works when memory is full: PEXPIRE
-- is the only write. A ttl below 1 ms would delete the record, so it counts as 1. Idempotent.

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

local replies = {ARGV[1], string.format('%.0f', now_us)}
for i, key in ipairs(KEYS) do
  local head = redis.pcall('GETRANGE', key, 0, 58)
  if type(head) == 'table' then
    -- Another type than string is not our record; one bad key must not fail the others.
    if not string.find(head.err, 'WRONGTYPE', 1, true) then
      return head
    end
    head = ''
  end
  local verdict = 'lost'
  if head == '{"owner":"' .. ARGV[2 * i] then
    local ttl_ms = math.max(tonumber(ARGV[2 * i + 1]), 1)
    if redis.call('PEXPIRE', key, string.format('%.0f', ttl_ms)) == 1 then
      verdict = 'refreshed'
    end
  end
  replies[i + 2] = verdict
end
return replies
