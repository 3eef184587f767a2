--[[
  Renews the claims of a server that is alive.

  Input:
    KEYS[1] due       sorted set: when states of numbers, and waits, end

    ARGV[1] root      what every key of the site begins with
    ARGV[2] now       ms
    ARGV[3] hold      ms for which a claim holds when it is not renewed
    ARGV[4] claims    JSON list of {number, token}

  Output:
    list: the numbers whose claims are no longer this server's

  Events: none
]]
--- @include "keys"
local lost, due = {}, tonumber(A.now) + tonumber(A.hold)
for _, claim in ipairs(cjson.decode(A.claims)) do
  local key = keyOf('number', claim.number)
  local state, token = unpack(redis.call('HMGET', key, 'state', 'token'))
  if state == 'used' and token == claim.token then
    redis.call('HSET', key, 'until', due)
    redis.call('ZADD', K.due, due, claim.number)
  else
    lost[#lost + 1] = claim.number
  end
end
return lost
