-- The queue of those that wait, format 2: a sorted set with two members for each of them,
--   "2<owner> <place> <heard_us> <alive_ms> <confirm_ms> <floor> <rest> <channel> <tail>"
--        by its place: its arrival, server time in us, 1 or more. It counts as alive for alive_ms from
--        heard_us on. tail: the first 2048 bytes of the record's tail; rest: how many more there are,
--        in the hash of waiters by its id
--   "<id>"
--        by its place, negative: finds the other one
-- and one for all of them, which is there only while one of them waits:
--   "pass count"
--        by how many grants in a row have gone past them / 2^20, so that it is below 1
--        (docs/decisions/0011-barging.md)
-- An id that has a record has no entry: it enters only where another one's record is in the way,
-- and its entry leaves when its record is written. What is not in this form is a dead entry, or
-- none; it goes with the queue.

-- Longer than the longest pause between two heartbeats. It is for queues whose waiters have all left in a
-- hurry.
local function keep_queue()
  redis.call('PEXPIRE', queue, '60000')
end

local function entry_text(owner, place, ...)
  return '2' .. table.concat({owner, place, whole(now_us), ...}, ' ')
end

local function count_entries()
  return ask(0, 'ZCOUNT', queue, '1', '+inf')
end

-- The entry of an id, by what ZSCORE says of this; nothing: there is none.
local function find(id, score)
  local place = string.match(score or '', '^%-(%d+)$')
  for _, text in ipairs(place and redis.call('ZRANGEBYSCORE', queue, place, place) or {}) do
    if string.sub(text, 2, 33) == id then
      local owner, _, _, _, _, _, rest = read_entry(text)
      if owner then
        return {text = text, place = place, ticket = string.sub(owner, 34), rest = rest}
      end
    end
  end
end

-- Takes an entry away, with what belongs to it (unless that finds another one of its owner), and with
-- the last one all that is left.
local function leave(text)
  local id = string.sub(text, 2, 33)
  redis.call('ZREM', queue, text)
  if not find(id, redis.call('ZSCORE', queue, id)) then
    redis.call('ZREM', queue, id)
    ask(0, 'HDEL', waiters, id)
  end
  if count_entries() == 0 then
    redis.call('DEL', queue)
  end
end

local function read_pass_count()
  local pass_count = (tonumber(ask(false, 'ZSCORE', queue, 'pass_count') or '') or 0) * 1048576
  return pass_count > 0 and pass_count % 1 == 0 and pass_count or 0
end
