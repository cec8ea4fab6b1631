-- 2^53 - 1: above it a number skips integers. No fence is above it.
local max_whole = 9007199254740991

-- Owner, place, alive_until_us, channel, ttl_ms, floor, size of the rest and tail of an entry of the
-- queue (queue.lua); nothing where one of these is damaged: such an entry counts as dead.
local function read_entry(text)
  local owner, place, heard_us, alive_ms, ttl, floor, rest, channel, tail = string.match(text,
    '^2([0-9a-f]+%-[0-9a-f]+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%S*) (.*)$')
  if not tail or #owner ~= 49 or string.sub(owner, 33, 33) ~= '-' then
    return nil
  end
  local alive_until_us = heard_us + alive_ms * 1000
  local ttl_ms, floor_fence = tonumber(ttl), tonumber(floor)
  -- 7 days, more than Options allow.
  if alive_until_us <= max_whole and ttl_ms > 0 and ttl_ms <= 604800000 and
      floor_fence < max_whole and tonumber(place) <= max_whole then
    return owner, place, alive_until_us, channel, ttl_ms, floor_fence, tonumber(rest), tail
  end
end
