--[[
  Removes contacts that have expired.

  Input:
    KEYS[1] expiries  when bindings expire: sorted set of `<user> <contact>`

    ARGV[1] root      what every key of the site begins with
    ARGV[2] now       ms
    ARGV[3] most      contacts to remove at once

  Output:
    list: number removed, then the users who have no contact left

  Events: none
]]
--- @include "keys"
local due = redis.call('ZRANGEBYSCORE', K.expiries, '-inf', A.now, 'LIMIT', 0, A.most)
local reply = { #due }
for _, member in ipairs(due) do
  local space = string.find(member, ' ', 1, true)
  local user = string.sub(member, 1, space - 1)
  local bindings = keyOf('bindings', user)
  redis.call('ZREM', K.expiries, member)
  redis.call('HDEL', bindings, string.sub(member, space + 1))
  if redis.call('EXISTS', bindings) == 0 then reply[#reply + 1] = user end
end
return reply
