-- Ends what an owner id has of a lock with this ticket or an older one, the record or the entry in
-- the queue, and hands over what becomes free, or leaves it free for the next attempt.
--
-- KEYS    1 the record   2 its highest fence so far   3 the queue   4 the waiters
--         5 the mark, where one is to be left: the work under the lock was done
-- ARGV[1] echo     any text; comes back
-- ARGV[2] owner    "<32 hex id>-<16 hex ticket>"
-- ARGV[3] max_pass_count   it stays free where fewer grants in a row than so many have gone past those
--                       who wait; the first of them gets a wake-up
-- ARGV[4] closed_ms     the record is not deleted, but stays for that long without a holder;
--                       "0", or none: it is deleted
-- ARGV[5] done_ms       with KEYS[5]: how long the mark lives, or longer, where the one before it
--                       would have
--
-- Replies in one string, with a space between: echo, time_us ("-" where the clock was not read),
-- verdict. With KEYS[5] and "released" as an array; where the mark was refused, its error is last.
--   released     the record is gone, or has no holder
--   left         the entry in the queue is gone
--   not_owner    neither was there: nothing, a newer ticket's, another owner's, another type
--
-- G3: others' records are left alone. G4: an older ticket is left over from an attempt whose reply
-- was lost. Works when memory is full: ZREM, DEL or PEXPIRE is the first write. Neither a queue of
-- another type nor what is refused on the way to the next one, or of the mark, keeps a holder from
-- releasing, or a waiter from leaving. Idempotent, but for the verdict.

local record, fence_key, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- The common case, before anything is defined: its own record, no waiters, no mark is to be left.
local head = redis.pcall('GETRANGE', record, '0', '127')
local first  -- entry
if not ARGV[4] and type(head) == 'string' and
    string.sub(head, 1, 60) == '{"owner":"' .. ARGV[2] .. '"' then
  -- An error counts as no listener.
  first = redis.pcall('ZRANGEBYSCORE', queue, '1', '+inf', 'LIMIT', '0', '1')[1]
  if not first then
    redis.call('DEL', record)
    return ARGV[1] .. ' - released'
  end
end

-- @include shared/clock.lua
-- @include shared/entry.lua
-- @include shared/hand_over.lua

-- The common case of a hand-over: the first one is alive. Whatever is odd, a refusal included, is
-- answered below.
local kept = first and ARGV[3] == '0' and string.match(head, '^,"fence":([1-9]%d*),', 61)
if kept and tonumber(kept) < max_whole then
  local owner, place, alive_until_us, channel, ttl_ms, floor, rest, tail = read_entry(first)
  if rest == 0 and alive_until_us >= now_us and has_listener(owner, channel) and
      pcall(hand_over, first, tonumber(kept), owner, place, alive_until_us, channel, ttl_ms, floor,
        rest, tail) then
    return ARGV[1] .. ' - released'
  end
end

-- @include shared/words.lua
-- @include shared/owners.lua
-- @include shared/queue.lua
-- @include shared/advance.lua

local own_id, own_ticket = string.sub(ARGV[2], 1, 32), string.sub(ARGV[2], 34, 49)

-- Whether the record was written over with the next one's. Else it has to go, and then a waiter may
-- be there to be woken: the first live one, where it was not passed often enough. A waiter
-- behind 16 dead ones finds the lock free with its next heartbeat.
local function advance_or_leave_free(fence, max_pass_count)
  if max_pass_count > 0 then
    local text, owner, _, _, channel = first_live(first)
    if not text or read_pass_count() < max_pass_count then
      return false, owner, channel
    end
    first = nil  -- may have been dead, and left
  end
  local next_id = advance(fence or kept_fence(), first)
  return next_id ~= nil and next_id ~= 'bad_fence'
end

local function end_record(fence)
  local _, is_handed_over, owner, channel = pcall(advance_or_leave_free, fence, tonumber(ARGV[3]))
  if is_handed_over ~= true then
    redis.call('DEL', record)
  end
  if owner and channel ~= '' then
    redis.pcall('PUBLISH', channel, owner)
  end
end

-- Its ticket is newer than that of any attempt, so no request of its lock object touches it.
-- PEXPIRE comes first, for a full server refuses a SET before anything was written.
local function close(closed_ms)
  redis.call('PEXPIRE', record, closed_ms)
  local value = redis.call('GETRANGE', record, 0, -1)
  local closed = string.sub(value, 1, 43) .. 'ffffffffffffffff' .. string.sub(value, 60)
  redis.pcall('SET', record, closed, 'PX', closed_ms)
end

-- The record without its contents. What is refused does not keep the lock from being released.
local function leave_mark(done, done_ms)
  local members = string.match(done, '^{(.-),"contents":') or ''
  return redis.pcall('SET', KEYS[5], '{"ended_us":' .. whole(now_us) .. ',' .. members .. '}', 'PX',
    math.max(redis.call('PTTL', KEYS[5]), tonumber(done_ms)))
end

local id, ticket, fence = read_head(said_or('', head))
if not id and redis.call('PTTL', record) == -2 then
  local _
  _, id, ticket, fence = pcall(advance_from_kept_fence)  -- an error counts as no id
end

if id == own_id and not is_newer(ticket, own_ticket) then
  local done = KEYS[5] and redis.call('GETRANGE', record, 0, 2303)
  local closed_ms = ARGV[4] or '0'
  if closed_ms ~= '0' then
    close(closed_ms)
  else
    end_record(fence)
  end
  if done then
    return {ARGV[1], whole(now_us), 'released', leave_mark(done, ARGV[5]).err}
  end
  return reply('released')
end

local there = find(own_id, ask(false, 'ZSCORE', queue, own_id))
if not there or is_newer(there.ticket, own_ticket) then
  return reply('not_owner')
end
leave(there.text)
return reply('left')
