-- The queue of those that wait: queue, a sorted set of owner ids by arrival; waiters, a hash with
-- three fields for each of them:
--   <id>         "<confirm_ttl_ms> <floor> " and the first 2048 bytes of the record's tail
--   <id>:rest    the rest of the tail
--   <id>:alive   "<ticket> <alive_until_us> <channel>", all that a beat has to renew
-- and one for all of them, which is there only while one of them waits:
--   streak       how many grants in a row have gone past them (docs/decisions/0011-barging.md)
-- An id that has a record has no entry: it enters only where another one's record is in the way,
-- and its entry leaves when its record is written.

local function alive_text(ticket, alive_ms, channel)
  return ticket .. ' ' .. whole(now_us + tonumber(alive_ms) * 1000) .. ' ' .. channel
end

-- Ticket, alive_until_us and channel; nothing where it is not what alive_text() writes.
local function read_alive(text)
  local ticket, alive_until, channel = string.match(text or '', '^([0-9a-f]+) (%d+) (.*)$')
  local alive_until_us = read_whole(alive_until)
  if alive_until_us and #ticket == 16 then
    return ticket, alive_until_us, channel
  end
end

-- An entry, by its id, its score and the texts of its two fields; nil where one of these is damaged:
-- such an entry counts as dead.
local function read_entry(id, score, data, alive)
  local ticket, alive_until_us, channel = read_alive(alive)
  local ttl, floor, tail = string.match(data or '', '^(%d+) (%d+) (.*)$')
  local ttl_ms, floor_fence = read_whole(ttl) or 0, read_whole(floor) or most_whole
  local has_owner = ticket and #id == 32 and not string.find(id, '[^0-9a-f]')
  -- 7 days, more than Options allow.
  local can_be_granted = ttl_ms > 0 and ttl_ms <= 604800000 and floor_fence < most_whole
  if has_owner and can_be_granted and read_whole(score) then
    return {id = id, score = score, ticket = ticket, alive_until_us = alive_until_us,
      channel = channel, ttl_ms = ttl_ms, floor = floor_fence, tail = tail}
  end
end

-- It lives as long as the queue, also in a hash that is new, and ends at once where that has ended.
local function write_streak(text)
  redis.call('HSET', waiters, 'streak', text)
  redis.call('PEXPIRE', waiters, redis.call('PTTL', queue))
end

-- Longer than anybody waits between two beats. It is for queues that everybody has left in a
-- hurry.
local function keep_queue()
  redis.call('PEXPIRE', queue, '60000')
  redis.call('PEXPIRE', waiters, '60000')
end

-- Takes an entry away, and with the last one the streak. Whether it was there.
local function leave(id)
  if ask(0, 'ZREM', queue, id) == 0 then
    return false
  end
  ask(0, 'HDEL', waiters, id, id .. ':rest', id .. ':alive')
  if ask(0, 'ZCARD', queue) == 0 then
    ask(0, 'HDEL', waiters, 'streak')
  end
  return true
end
