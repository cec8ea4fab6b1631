-- In two halves: a number is exact up to 53 bits, and the order of texts depends on the locale.
local function is_newer(a, b)
  local a_high, b_high = tonumber(string.sub(a, 1, 8), 16), tonumber(string.sub(b, 1, 8), 16)
  local a_low, b_low = tonumber(string.sub(a, 9, 16), 16), tonumber(string.sub(b, 9, 16), 16)
  return a_high > b_high or (a_high == b_high and a_low > b_low)
end

-- Id, ticket and fence of a record, by its first 128 bytes; nothing for one that is not ours, no
-- fence for one that is damaged.
local function read_head(head)
  local id, ticket = string.match(head, '^{"owner":"([0-9a-f]+)%-([0-9a-f]+)"')
  if not ticket or #id ~= 32 or #ticket ~= 16 then
    return nil
  end
  return id, ticket, read_whole(string.match(head, '^{"owner":"[0-9a-f-]+","fence":([1-9]%d*),'))
end
