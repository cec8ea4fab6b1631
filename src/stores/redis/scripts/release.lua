-- Ends what an owner id has of a lock with this ticket or an older one, the record or the entry in
-- the queue, and hands over what becomes free, or leaves it to whoever comes first.
--
-- KEYS    1 the record   2 its highest fence so far   3 the queue   4 the waiters
-- ARGV[1] echo     any text; comes back
-- ARGV[2] owner    "<32 hex id>-<16 hex ticket>"
-- ARGV[3] most_streak   it stays free where fewer grants in a row than so many have gone past those
--                       who wait; the first of them is nudged
--
-- Replies { echo, time_us, verdict }, all strings:
--   released     the record is gone
--   left         the entry in the queue is gone
--   not_owner    neither was there: nothing, a newer ticket's, another owner's, another type
--
-- G3: others' records are left alone. G4: an older ticket is left over from an attempt whose reply
-- was lost. Works when memory is full: ZPOPMIN, DEL or ZREM is the first write. A queue of another
-- type is nobody's, and does not keep a holder from releasing. Idempotent, but for the verdict.

local record, fence_key, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- @include shared/words.lua
-- @include shared/owners.lua
-- @include shared/queue.lua
-- @include shared/advance.lua

local own_id, own_ticket = string.sub(ARGV[2], 1, 32), string.sub(ARGV[2], 34, 49)

-- Whether what becomes free stays so: nobody waits, or those who do were not passed often enough.
-- The first live one is told to ask; whoever stands behind 16 dead ones finds it with its next beat.
local function stays_free(most_streak)
  for _ = 1, 16 do
    local id = ask({}, 'ZRANGE', queue, 0, 0)[1]
    if not id then
      return true
    end
    local entry = ask({}, 'HMGET', waiters, id .. ':alive', 'streak')
    if read_streak(entry[2]) >= most_streak then
      return false
    end
    local ticket, alive_until_us, channel = read_alive(entry[1])
    if ticket and tonumber(alive_until_us) >= now_us and
      is_heard(channel, id .. '-' .. ticket .. ' 0 ' .. whole(now_us)) then
      return true
    end
    leave(id)
  end
  return true
end

-- Writes over the record that ends, which had that fence. What advance() says.
local function hand_over(fence)
  if fence then
    return advance(fence)
  end
  return advance_from_kept_fence()
end

local id, ticket, fence = read_head(ask('', 'GETRANGE', record, 0, 127))
if not id and redis.call('PTTL', record) == -2 then
  id, ticket, fence = advance_from_kept_fence()
end

if id == own_id and not is_newer(ticket, own_ticket) then
  local most_streak = tonumber(ARGV[3])
  local is_left_free = most_streak > 0 and stays_free(most_streak)
  local next_id = not is_left_free and hand_over(fence)
  if not next_id or next_id == 'bad_fence' then
    redis.call('DEL', record)
  end
  return reply('released')
end

local waiting_ticket = read_alive(ask(false, 'HGET', waiters, own_id .. ':alive'))
if waiting_ticket and is_newer(waiting_ticket, own_ticket) then
  return reply('not_owner')
end
return reply(leave(own_id) and 'left' or 'not_owner')
