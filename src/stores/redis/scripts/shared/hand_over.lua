-- How the lock is handed over to an entry of the queue (docs/decisions/0008-fair-hand-over.md). Needs
-- entry.lua. These are defined before the common case of a hand-over: what is checked stands once.

-- Whether a client listens to a waiter's channel: a waiter whose process has died costs the others nothing.
-- Servers count their own subscribers only, so what was published may have been heard although they
-- count none: nothing is published to ask. Without the right to ask, a wake-up asks; without
-- that right too, and without a channel, the waiter looks for itself.
local function has_listener(owner, channel)
  if channel == '' then
    return true
  end
  local counted = redis.pcall('PUBSUB', 'NUMSUB', channel)
  if counted.err then
    local heard = redis.pcall('PUBLISH', channel, owner)
    return type(heard) == 'table' or heard > 0
  end
  return counted[2] > 0
end

-- Writes the record of a waiter; its fence comes back. G2: above the highest one, the clock and the
-- waiter's floor. ZREM is the first write, which a full server allows, and lets through what
-- follows; the pass count ends with it. Where SET is refused (the right to it is missing) the entry goes
-- back to its place, nothing was published, and the refusal is raised; without the right to ZADD its
-- owner comes back with its next heartbeat. From the record on nothing raises, and what PUBLISH says
-- decides nothing: the subscriber gets it when the script is over, and asks at once.
local function hand_over(text, highest, owner, place, _, channel, ttl_ms, floor, _, tail)
  local id = string.sub(owner, 1, 32)
  redis.call('ZREM', queue, text, id, 'pass_count')
  local fence = math.max(highest + 1, now_us, floor + 1)
  local fence_text = string.format('%.0f', fence)
  -- A day: see acquire.lua.
  if redis.pcall('SET', fence_key, fence_text, 'PX', '86400000').err then
    redis.pcall('ZADD', queue, place, text, '-' .. place, id)
    redis.pcall('PEXPIRE', queue, '60000')
    redis.call('SET', fence_key, fence_text, 'PX', '86400000')
  end
  redis.call('SET', record, '{"owner":"' .. owner .. '","fence":' .. fence_text ..
    ',"since_us":' .. (fence == now_us and fence_text or string.format('%.0f', now_us)) .. tail,
    'PX', ttl_ms)
  if channel ~= '' then
    redis.pcall('PUBLISH', channel, owner)
  end
  return fence
end
