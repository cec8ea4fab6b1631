-- Ends what an owner id has of a lock with this ticket or an older one, the record or the entry in
-- the queue, and hands over what becomes free.
--
-- KEYS    1 the record   2 its highest fence so far   3 the queue   4 the waiters
-- ARGV[1] echo     any text; comes back
-- ARGV[2] owner    "<32 hex id>-<16 hex ticket>"
--
-- Replies { echo, time_us, verdict }, all strings:
--   released     the record is gone
--   left         the entry in the queue is gone
--   not_owner    neither was there: nothing, a newer ticket's, another owner's, another type
--
-- G3: others' records are left alone. G4: an older ticket is left over from an attempt whose reply
-- was lost. Works when memory is full: ZPOPMIN, DEL or ZREM is the first write. Where others wait
-- the record is written over, so there is no moment without one. A queue of another type is nobody's,
-- and does not keep a holder from releasing. Idempotent, but for the verdict.

local record, fence_key, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- @include shared/words.lua
-- @include shared/owners.lua
-- @include shared/queue.lua
-- @include shared/advance.lua

local own_id, own_ticket = string.sub(ARGV[2], 1, 32), string.sub(ARGV[2], 34, 49)

local id, ticket, fence = read_head(ask('', 'GETRANGE', record, 0, 127))
if not id and redis.call('PTTL', record) == -2 then
  id, ticket, fence = advance_from_kept_fence()
end

if id == own_id and not is_newer(ticket, own_ticket) then
  local next_id
  if fence then
    next_id = advance(fence)
  else
    next_id = advance_from_kept_fence()
  end
  if not next_id or next_id == 'bad_fence' then
    redis.call('DEL', record)
  end
  return reply('released')
end

local alive_field = own_id .. ':alive'
local waiting_ticket = read_alive(ask(false, 'HGET', waiters, alive_field))
if waiting_ticket and is_newer(waiting_ticket, own_ticket) then
  return reply('not_owner')
end
if ask(0, 'ZREM', queue, own_id) == 0 then
  return reply('not_owner')
end
ask(0, 'HDEL', waiters, own_id, own_id .. ':rest', alive_field)
return reply('left')
