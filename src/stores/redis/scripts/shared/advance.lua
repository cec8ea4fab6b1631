-- Advancing: what is without a record is handed over to the first live one of those that wait
-- (docs/decisions/0008-fair-hand-over.md).

-- The highest fence that is kept beside the record, 0 for none; nil: it is not a fence.
local function kept_fence()
  local kept = tonumber(string.match(ask('', 'GET', fence_key) or '0', '^%d+$') or '')
  return kept and kept <= most_fence and kept or nil
end

-- Tells a waiter. Whose channel nobody listens to is dead; without the right to tell, it has to
-- look for itself. The subscriber gets it when the script is over, so never before the record.
local function is_heard(channel, news)
  if channel == '' then
    return true
  end
  local heard = redis.pcall('PUBLISH', channel, news)
  return type(heard) == 'table' or heard > 0
end

-- G2: above the last one, the clock and the waiter's floor. Nothing but writes that a full server
-- allows comes before the first SET, which is let through then. A waiter whose entry is damaged, or
-- whose floor leaves no fence above it, counts as dead. `highest`: the highest fence so far; where
-- none can be above it (or it is nil: not known) nobody leaves the queue, until somebody has looked
-- at these keys, and 'bad_fence' comes back. Else the id, ticket, fence and remaining_ms of the new
-- record; nothing: there is none. The streak ends with a hand-over, and with the queue.
local function advance(highest)
  if not highest or highest >= most_fence then
    return 'bad_fence'
  end
  local streak
  for _ = 1, 16 do
    local id = ask({}, 'ZPOPMIN', queue)[1]
    if not id then
      return nil
    end
    local rest_field, alive_field = id .. ':rest', id .. ':alive'
    local entry = ask({}, 'HMGET', waiters, id, rest_field, alive_field, 'streak')
    ask(0, 'HDEL', waiters, id, rest_field, alive_field, 'streak')
    streak = entry[4] or streak
    local ticket, alive_until_us, channel = read_alive(entry[3])
    local ttl_ms, floor, tail = string.match(entry[1] or '', '^(%d+) (%d+) (.*)$')
    if ticket and ttl_ms and tonumber(alive_until_us) >= now_us then
      local fence = math.max(highest + 1, now_us, tonumber(floor) + 1)
      local owner = id .. '-' .. ticket
      local news = owner .. ' ' .. whole(fence) .. ' ' .. whole(now_us)
      if fence <= most_fence and is_heard(channel, news) then
        redis.call('SET', fence_key, whole(fence), 'PX', 86400000)
        redis.call('SET', record, '{"owner":"' .. owner .. '","fence":' .. whole(fence) ..
          ',"since_us":' .. whole(now_us) .. tail .. (entry[2] or ''), 'PX', ttl_ms)
        return id, ticket, fence, tonumber(ttl_ms)
      end
    end
  end
  if streak then
    write_streak(streak)  -- it goes on for whoever stands behind so many dead ones
  end
  return nil
end

-- The same where no record tells the highest fence.
local function advance_from_kept_fence()
  if ask(0, 'ZCARD', queue) == 0 then
    return nil
  end
  return advance(kept_fence())
end
