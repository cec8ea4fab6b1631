-- Writes a value unless a higher fence has written before, in one step.
--
-- KEYS[1] the guarded key    KEYS[2] where its highest fence is kept (same cluster slot)
-- ARGV[1] fence              ARGV[2] the new value
--
-- Replies 1: written, 0: refused, because a higher fence was here already. Raises an error, and
-- writes nothing, where ARGV[1] is no fence or KEYS[2] holds something else than one.
--
-- The fence is written first: when the second write is refused (memory full), the old value
-- stays and older fences are kept out all the same. KEYS[2] has no ttl, since the oldest write may
-- come arbitrarily late; delete both keys together.

local function is_fence(text)
  return #text <= 20 and string.match(text, '^[1-9]%d*$')
end

-- In two halves: a number in Lua is exact up to 2^53 only.
local function is_higher(a, b)
  local a_high, b_high = tonumber(string.sub(a, 1, -11)) or 0, tonumber(string.sub(b, 1, -11)) or 0
  local a_low, b_low = tonumber(string.sub(a, -10)), tonumber(string.sub(b, -10))
  return a_high > b_high or (a_high == b_high and a_low > b_low)
end

local fence = ARGV[1]
if not is_fence(fence) then
  return redis.error_reply('ERR ARGV[1] is not a fence: a whole number above 0')
end
local highest = redis.call('GET', KEYS[2])
if highest then
  if not is_fence(highest) then
    return redis.error_reply('ERR KEYS[2] holds something that is not a fence')
  end
  if is_higher(highest, fence) then
    return 0
  end
end
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], ARGV[2])
return 1
