-- Advancing: what is without a record is handed over to the first live one of those that wait
-- (docs/decisions/0008-fair-hand-over.md).

-- The highest fence that is kept beside the record, 0 for none; nil: it is not a fence.
local function kept_fence()
  return read_whole(ask('', 'GET', fence_key) or '0')
end

-- The text of the first live one of those that wait, and what read_entry() says of it; nothing: there
-- is none. The dead in front of it leave, 16 a call at most. `text`: of who is in front, where it was
-- read already.
local function first_live(text)
  for _ = 1, 16 do
    text = text or ask({}, 'ZRANGEBYSCORE', queue, '1', '+inf', 'LIMIT', '0', '1')[1]
    if not text then
      return nil
    end
    local owner, place, alive_until_us, channel, ttl_ms, floor, rest, tail = read_entry(text)
    if owner and alive_until_us >= now_us and has_listener(owner, channel) then
      local more = rest == 0 and '' or
        ask(false, 'HGET', waiters, string.sub(owner, 1, 32)) or ''
      if #more == rest then
        return text, owner, place, alive_until_us, channel, ttl_ms, floor, rest, tail .. more
      end
    end
    leave(text)
    text = nil
  end
end

-- `highest`: the highest fence so far; where none can be above it (or it is nil: not known) no waiter
-- leaves the queue, until these keys are repaired, and 'bad_fence' comes back. Else the
-- id, ticket, fence and remaining_ms of the new record; nothing: there is none.
local function advance(highest, first)
  if not highest or highest >= max_whole then
    return 'bad_fence'
  end
  local text, owner, place, alive_until_us, channel, ttl_ms, floor, rest, tail = first_live(first)
  if text then
    local fence =
      hand_over(text, highest, owner, place, alive_until_us, channel, ttl_ms, floor, rest, tail)
    local id = string.sub(owner, 1, 32)
    redis.pcall('HDEL', waiters, id)
    return id, string.sub(owner, 34), fence, ttl_ms
  end
end

-- The same where no record has the highest fence.
local function advance_from_kept_fence()
  if count_entries() > 0 then
    return advance(kept_fence())
  end
end
