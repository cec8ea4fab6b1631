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
  return string.match(text or '', '^(%x+) (%d+) (.*)$')
end

-- What is no number is none.
local function read_streak(text)
  return tonumber(string.match(text or '', '^%d+$') or '0')
end

-- It lives as long as the queue, also in a hash that is new, and ends at once where that has ended.
local function write_streak(text)
  redis.call('HSET', waiters, 'streak', text)
  redis.call('PEXPIRE', waiters, redis.call('PTTL', queue))
end

-- Longer than anybody waits between two beats. It is for queues that everybody has left in a
-- hurry.
local function keep_queue()
  redis.call('PEXPIRE', queue, 60000)
  redis.call('PEXPIRE', waiters, 60000)
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
