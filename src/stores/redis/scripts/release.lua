-- Deletes a record if it is of this owner id, with this ticket or an older one.
--
-- KEYS[1] the record
-- ARGV[1] echo     any text; comes back, so that the asker knows its own reply
-- ARGV[2] owner    "<32 hex id>-<16 hex ticket>"
--
-- Replies { echo, time_us, verdict }, all strings:
--   released     the record was deleted
--   not_owner    no record, a newer ticket's, another owner's, or another type than string
--
-- G3: others' records are left alone. G4: an older ticket is left over from an attempt whose reply
-- was lost. Works when memory is full: DEL is the first write. Idempotent, but for the verdict.

local record, owner = KEYS[1], ARGV[2]

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

local function reply(verdict)
  return {ARGV[1], string.format('%.0f', now_us), verdict}
end

-- In two halves: a number is exact up to 53 bits, and the order of texts depends on the locale.
local function is_newer(a, b)
  local a_high, b_high = tonumber(string.sub(a, 1, 8), 16), tonumber(string.sub(b, 1, 8), 16)
  local a_low, b_low = tonumber(string.sub(a, 9, 16), 16), tonumber(string.sub(b, 9, 16), 16)
  return a_high > b_high or (a_high == b_high and a_low > b_low)
end

local head = redis.pcall('GETRANGE', record, 0, 58)
if type(head) == 'table' then
  if not string.find(head.err, 'WRONGTYPE', 1, true) then
    return head
  end
  head = ''
end

local id, ticket = string.match(head, '^{"owner":"([0-9a-f]+)%-([0-9a-f]+)')
local is_ours = ticket and #ticket == 16 and id == string.sub(owner, 1, 32)
if not is_ours or is_newer(ticket, string.sub(owner, 34, 49)) then
  return reply('not_owner')
end
if redis.call('DEL', record) == 0 then
  return reply('not_owner')
end
return reply('released')
