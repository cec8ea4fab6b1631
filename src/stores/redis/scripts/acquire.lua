-- One attempt at a lock, in one step.
--
-- KEYS    1 the record   2 its highest fence so far   3 the queue   4 the waiters
-- ARGV[1] echo            any text; comes back
-- ARGV[2] not_after_us    server time in us after which nothing is done; 0: no limit
-- ARGV[3] owner           "<32 hex id>-<16 hex ticket>"
-- ARGV[4] ttl_ms          of the record, 1 or more
-- ARGV[5] floor           the new fence is above it
-- ARGV[6] tail            of the record, behind owner, fence and since_us
-- ARGV[7] max_pass_count     what is free is granted although others wait, where fewer grants in a row
--                         than so many have gone past them
-- With wait options also:
-- ARGV[8] alive_ms        how long the entry counts as alive
-- ARGV[9] confirm_ms      ttl of the record that is handed over
-- ARGV[10] arrived_us     the place in the queue that it had before; 0: behind all others
-- ARGV[11] max_waiting   so many entries at most
-- ARGV[12] channel        where to publish the wake-up; "": nowhere
--
-- Replies in one string, with a space between: echo, time_us, outcome, fence, remaining_ms,
-- position, arrived_us
--   granted      written now, taken over from this owner's older ticket, or there already
--                by this very ticket (then with its fence, and its ttl runs on)
--   busy         another holder's record is there, or others wait
--   waiting      the entry is in the queue, with this ticket
--   queue_full   nothing was done, but that some of the dead were taken away
--   superseded   a newer ticket of this owner is there
--   too_late     nothing was done
--   bad_fence    KEYS[2] holds no fence; nothing was done
-- fence: of the grant, else the highest known, 0 for none. remaining_ms: -1 never expires,
-- -2 no record. position and arrived_us: where waiting, else 0. Keys of other types raise
-- WRONGTYPE; nothing was done.
--
-- G2: the fence is above the last one, the clock and the floor. G3: only its own record is
-- written over. G4: the same call again changes nothing. When memory is full the first SET, HSET or
-- ZADD is refused and nothing is written; the record is the last write, and never without its ttl.

local record, fence_key, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- @include shared/clock.lua

-- The common case, before anything is defined: no record, no waiters. Anything else (a fence key
-- with anything but digits, no fence above it, a request that comes too late) is answered below.
local remaining_ms = redis.call('PTTL', record)
if remaining_ms == -2 and redis.pcall('ZCOUNT', queue, '1', '+inf') == 0 then
  local kept, not_after_us = redis.pcall('GET', fence_key) or '0', tonumber(ARGV[2])
  if type(kept) == 'string' and string.find(kept, '^%d+$') and
      (not_after_us == 0 or now_us <= not_after_us) then
    local fence = math.max(tonumber(kept) + 1, now_us, tonumber(ARGV[5]) + 1)
    if fence < 9007199254740992 then  -- 2^53: from there on a number skips integers
      local fence_text = string.format('%.0f', fence)
      local now_text = fence == now_us and fence_text or string.format('%.0f', now_us)
      redis.call('SET', fence_key, fence_text, 'PX', '86400000')
      redis.call('SET', record, '{"owner":"' .. ARGV[3] .. '","fence":' .. fence_text ..
        ',"since_us":' .. now_text .. ARGV[6], 'PX', ARGV[4])
      return ARGV[1] .. ' ' .. now_text .. ' granted ' .. fence_text .. ' ' .. ARGV[4] .. ' 0 0'
    end
  end
end

-- The common case of a waiter: another holder's record is there, and it comes behind all
-- others. Whatever is odd is answered below.
local head = redis.call('GETRANGE', record, '0', '127')
local own_id = string.sub(ARGV[3], 1, 32)
if ARGV[10] == '0' and #ARGV[6] <= 2048 then
  local id, fence_at, fence =
    string.match(head, '^{"owner":"([0-9a-f]+)%-[0-9a-f]+","fence":()([1-9]%d*),')
  local not_after_us = tonumber(ARGV[2])
  if fence_at == 70 and #id == 32 and id ~= own_id and tonumber(fence) < 9007199254740992 and
      tonumber(ARGV[5]) < 9007199254740991 and
      (not_after_us == 0 or now_us <= not_after_us) then
    -- Of 16 digits, from 2001 on.
    local last = redis.call('ZRANGE', queue, '-1', '-1')[1]
    local last_us = not last and 0 or tonumber(string.sub(last, 52, 67))
    if last_us and last_us < 9007199254740991 then
      local now_text = string.format('%.0f', now_us)
      local place = last_us < now_us and now_text or string.format('%.0f', last_us + 1)
      local entry = '2' .. ARGV[3] .. ' ' .. place .. ' ' .. now_text .. ' ' .. ARGV[8] .. ' ' ..
        ARGV[9] .. ' ' .. ARGV[5] .. ' 0 ' .. ARGV[12] .. ' ' .. ARGV[6]
      local added = redis.call('ZADD', queue, 'NX', place, entry, '-' .. place, own_id)
      local position = redis.call('ZCOUNT', queue, '1', place)
      if added == 2 and position <= tonumber(ARGV[11]) then
        if position == 1 then
          redis.call('PEXPIRE', queue, '60000')
        end
        return ARGV[1] .. ' ' .. now_text .. ' waiting ' .. fence .. ' ' ..
          string.format('%.0f', remaining_ms) .. ' ' .. position .. ' ' .. place
      end
      redis.call('ZREM', queue, entry)  -- its id has one already, or the queue is full
    end
  end
end

-- @include shared/entry.lua
-- @include shared/hand_over.lua
-- @include shared/words.lua
-- @include shared/owners.lua
-- @include shared/queue.lua
-- @include shared/advance.lua

local owner, ttl_ms, floor = ARGV[3], ARGV[4], tonumber(ARGV[5])
local own_ticket = string.sub(owner, 34, 49)
local is_patient = ARGV[8] ~= nil

local id, ticket, fence = read_head(head)
local highest = fence or kept_fence()

local function can_grow()
  return highest and highest < max_whole
end

local function answer(outcome, last_fence, remaining, position, place)
  return reply(outcome, whole(last_fence or 0), whole(remaining), whole(position or 0), place or '0')
end

-- Whether this attempt may take a free lock although others wait: the pass count so far; nil where it
-- may not. It may not where its owner waits itself: an id that has a record has no entry.
local function may_pass()
  local pass_count = read_pass_count()
  if pass_count < tonumber(ARGV[7]) and not find(own_id, ask(false, 'ZSCORE', queue, own_id)) then
    return pass_count
  end
end

local not_after_us = tonumber(ARGV[2])
if not_after_us > 0 and now_us > not_after_us then
  return answer('too_late', highest, -2)
end

local others_wait, pass_count = false, nil
if remaining_ms == -2 and can_grow() and redis.call('ZCOUNT', queue, '1', '+inf') > 0 then
  pass_count = may_pass()
  if not pass_count then
    local new_id, new_ticket, new_fence, new_ms = advance(highest)
    if new_id then
      id, ticket, fence, highest, remaining_ms = new_id, new_ticket, new_fence, new_fence, new_ms
    else
      others_wait = count_entries() > 0  -- more dead ones than one call looks at
    end
  end
end

local is_free = remaining_ms == -2
local shown_ms = others_wait and 0 or remaining_ms
local is_older_own = false
if id == own_id and ticket == own_ticket then
  if fence then
    return answer('granted', highest, shown_ms)
  end
  -- Else written by this client and damaged since: no longer its own.
elseif id == own_id then
  if is_newer(ticket, own_ticket) then
    return answer('superseded', highest, shown_ms)
  end
  is_older_own = true
end

local is_in_reach = (is_free and not others_wait) or is_older_own
if not is_in_reach and not is_patient then
  local there = find(own_id, ask(false, 'ZSCORE', queue, own_id))
  local is_superseded = there and is_newer(there.ticket, own_ticket)
  return answer(is_superseded and 'superseded' or 'busy', highest, shown_ms)
end
if floor >= max_whole or (is_in_reach and not can_grow()) then
  return answer('bad_fence', 0, shown_ms)
end

if is_in_reach then
  if pass_count then
    redis.call('ZADD', queue, string.format('%.17g', (pass_count + 1) / 1048576), 'pass_count')
  end
  local next_fence = math.max(highest + 1, now_us, floor + 1)
  local value = '{"owner":"' .. owner .. '","fence":' .. whole(next_fence) ..
    ',"since_us":' .. whole(now_us) .. ARGV[6]
  -- A day: then the time part alone makes fences grow, and names that are not used leave nothing.
  redis.call('SET', fence_key, whole(next_fence), 'PX', '86400000')
  redis.call('SET', record, value, 'PX', ttl_ms)
  return answer('granted', next_fence, tonumber(ttl_ms))
end

local there = find(own_id, redis.call('ZSCORE', queue, own_id))
if there and is_newer(there.ticket, own_ticket) then
  return answer('superseded', highest, shown_ms)
end

-- Behind all others, also where the clock was set back or has not moved since.
local function place_behind_all()
  local last = redis.call('ZRANGE', queue, '-1', '-1', 'WITHSCORES')
  return math.max(now_us, (read_whole(last[2]) or 0) + 1)
end

local arrived_us = tonumber(there and there.place or ARGV[10])
local place = whole(math.min(arrived_us > 0 and arrived_us or place_behind_all(), max_whole))
local tail, more = string.sub(ARGV[6], 1, 2048), string.sub(ARGV[6], 2049)
local text = entry_text(owner, place, ARGV[8], ARGV[9], ARGV[5], #more, ARGV[12], tail)
if more ~= '' then
  redis.call('HSET', waiters, own_id, more)
elseif there then
  ask(0, 'HDEL', waiters, own_id)
end
if there then
  redis.call('ZREM', queue, there.text)
end
redis.call('ZADD', queue, place, text, '-' .. place, own_id)

-- Of a queue that is full, its own new entry included: takes away the dead among 16 entries. Where
-- these begin goes with the clock, so that the dead behind a live one are met sooner or later.
local function drop_dead(count)
  local from = now_us % math.max(count - 15, 1) - count
  local met = redis.call('ZRANGE', queue, whole(from), whole(math.min(from + 15, -1)))
  for _, each in ipairs(met) do
    local _, _, alive_until_us = read_entry(each)
    if not (alive_until_us and alive_until_us >= now_us) then
      leave(each)
    end
  end
end

local max_waiting = tonumber(ARGV[11])
if not there and count_entries() > max_waiting then
  drop_dead(count_entries())
  if count_entries() > max_waiting then
    leave(text)
    return answer('queue_full', highest, shown_ms)
  end
end
local position, queue_ms = redis.call('ZCOUNT', queue, '1', place), redis.call('PTTL', queue)
if position == 1 or queue_ms < 0 then
  keep_queue()
  queue_ms = 60000
end
if more ~= '' then
  redis.call('PEXPIRE', waiters, queue_ms)  -- no longer than the queue
end
return answer('waiting', highest, shown_ms, position, place)
