-- Advancing: what is without a record is handed over to the first live one of those that wait
-- (docs/decisions/0008-fair-hand-over.md).

-- The highest fence that is kept beside the record, 0 for none; nil: it is not a fence.
local function kept_fence()
  return read_whole(ask('', 'GET', fence_key) or '0')
end

-- Wakes a waiter: it asks at once. The subscriber gets it when the script is over. Without the right
-- to publish it has to look for itself.
local function wake(entry)
  if entry.channel ~= '' then
    return redis.pcall('PUBLISH', entry.channel, entry.id .. '-' .. entry.ticket)
  end
end

-- Whether somebody listens to a waiter's channel: one whose process has died costs nobody anything.
-- Servers count their own subscribers only, so what was published may have been heard although they
-- count none: nothing is published to ask. Without the right to ask, a wake-up asks; without
-- that right too, and without a channel, the waiter looks for itself.
local function has_listener(entry)
  if entry.channel == '' then
    return true
  end
  local counted = redis.pcall('PUBSUB', 'NUMSUB', entry.channel)
  if counted.err then
    local heard = wake(entry)
    return type(heard) == 'table' or heard > 0
  end
  return counted[2] > 0
end

-- The first live one of those that wait; nothing: there is none. The dead in front of it leave, 16 a
-- call at most. `first`: the id and score of who is in front, where they were read already.
local function first_live(first)
  for _ = 1, 16 do
    first = first or ask({}, 'ZRANGE', queue, '0', '0', 'WITHSCORES')
    local id = first[1]
    if not id then
      return nil
    end
    local texts = ask({}, 'HMGET', waiters, id, id .. ':alive', id .. ':rest', 'streak')
    local entry = read_entry(id, first[2], texts[1], texts[2])
    if entry and texts[3] and entry.alive_until_us >= now_us and has_listener(entry) then
      entry.tail = entry.tail .. texts[3]
      entry.streak = read_whole(texts[4]) or 0
      return entry
    end
    leave(id)
    first = nil
  end
end

-- Writes the record of a waiter. ZREM is the first write, which a full server allows, and lets
-- through what follows. Where SET is refused (the right to it is missing) the entry goes back to its
-- place, nothing was published, and the refusal is raised; without the right to ZADD its owner comes
-- back with its next beat. From the record on nothing raises, and what PUBLISH says decides nothing:
-- who may have heard of a grant keeps it.
local function hand_over(entry, highest)
  redis.call('ZREM', queue, entry.id)
  local fence = math.max(highest + 1, now_us, entry.floor + 1)
  -- A day: see acquire.lua.
  local keeps_fence = {'SET', fence_key, whole(fence), 'PX', '86400000'}
  if redis.pcall(unpack(keeps_fence)).err then
    redis.pcall('ZADD', queue, entry.score, entry.id)
    redis.pcall('PEXPIRE', queue, 60000)
    redis.call(unpack(keeps_fence))
  end
  redis.call('SET', record, '{"owner":"' .. entry.id .. '-' .. entry.ticket ..
    '","fence":' .. whole(fence) .. ',"since_us":' .. whole(now_us) .. entry.tail,
    'PX', whole(entry.ttl_ms))
  redis.pcall('HDEL', waiters, entry.id, entry.id .. ':rest', entry.id .. ':alive', 'streak')
  wake(entry)
  return entry.id, entry.ticket, fence, entry.ttl_ms
end

-- G2: above the last fence, the clock and the waiter's floor. `highest`: the highest so far; where
-- none can be above it (or it is nil: not known) nobody leaves the queue, until somebody has looked
-- at these keys, and 'bad_fence' comes back. Else the id, ticket, fence and remaining_ms of the new
-- record; nothing: there is none. The streak ends with a hand-over, and with the queue.
local function advance(highest, in_line)
  if not highest or highest >= most_fence then
    return 'bad_fence'
  end
  local first = first_live(in_line)
  if first then
    return hand_over(first, highest)
  end
end

-- The same where no record tells the highest fence.
local function advance_from_kept_fence()
  if ask(0, 'ZCARD', queue) > 0 then
    return advance(kept_fence())
  end
end
