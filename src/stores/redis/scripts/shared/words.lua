-- What every script says and reads.

local function whole(number)
  return string.format('%.0f', number)
end

-- The number that a text of digits is; nil where it is none, or beyond what a number counts: 2^53 - 1.
local function read_whole(text)
  local number = tonumber(string.match(text or '', '^%d+$') or '')
  return number and number <= 9007199254740991 and number or nil
end

-- The echo comes back first, so that the requester knows its own reply. One string costs a fifth of an
-- array; there is none of the user's text in it.
local function reply(...)
  return table.concat({ARGV[1], whole(now_us), ...}, ' ')
end

-- What a command said, or `otherwise` where the key is of another type than the command's: what
-- strangers leave beside a lock must not keep it from being released. Other errors are raised.
local function said_or(otherwise, said)
  if type(said) ~= 'table' or not said.err then
    return said
  elseif string.find(said.err, 'WRONGTYPE', 1, true) then
    return otherwise
  end
  error(said.err, 0)
end

local function ask(otherwise, ...)
  return said_or(otherwise, redis.pcall(...))
end
