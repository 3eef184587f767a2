--[[
  Reads what dispatch ranks: for each lane in which somebody waits, its first tickets and the seats that are idle longest
  among those that have the lane's skills. Changes nothing.

  Input:
    KEYS[1] queues  those that ever had a ticket
    ARGV[1] root
    ARGV[2] names   queues to look at, joined by commas
    ARGV[3] page    the most tickets and the most seats of a lane

  Output:
    a list of lanes that have both: queue, skills, tickets as member and score in turn, seats as id and idle time in turn

  Events:
    none
]]
--- @include "keys"
local page = tonumber(A.page)

local function seatsWithAll(queue, skills)
  local sets = {}
  for skill in string.gmatch(skills, '[^,]+') do sets[#sets + 1] = idleKey(queue, skill) end
  if #sets == 0 then sets[1] = idleKey(queue, '') end
  table.sort(sets, function(a, b) return redis.call('ZCARD', a) < redis.call('ZCARD', b) end)
  if #sets == 1 then return redis.call('ZRANGE', sets[1], 0, page - 1, 'WITHSCORES') end

  -- Several skills: pages through the rarest and keeps those that stand in all the others too.
  local found = {}
  for start = 0, redis.call('ZCARD', sets[1]) - 1, 64 do
    local some = redis.call('ZRANGE', sets[1], start, start + 63, 'WITHSCORES')
    for i = 1, #some, 2 do
      local has = true
      for other = 2, #sets do has = has and redis.call('ZSCORE', sets[other], some[i]) end
      if has then
        found[#found + 1] = some[i]
        found[#found + 1] = some[i + 1]
        if #found >= 2 * page then return found end
      end
    end
  end
  return found
end

local lanes = {}
for queue in string.gmatch(A.names, '[^,]+') do
  local used = redis.call('SISMEMBER', K.queues, queue) == 1
  for _, skills in ipairs(used and redis.call('SMEMBERS', keyOf('lanes', queue)) or {}) do
    local seats = seatsWithAll(queue, skills)
    if #seats > 0 then
      local tickets = redis.call('ZRANGE', laneKey(queue, skills), 0, page - 1, 'WITHSCORES')
      if #tickets > 0 then lanes[#lanes + 1] = { queue, skills, tickets, seats } end
    end
  end
end
return lanes
