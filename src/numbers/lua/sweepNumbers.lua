--[[
  Ends what is due: leases that were not dialled, claims that nobody renewed, graces, quarantines and waits; then hands
  free numbers to those who wait.

  Input:
    KEYS[1] pools     pool -> range and times as JSON
    KEYS[2] cursors   pool -> first number that was never looked at
    KEYS[3] due       sorted set: when states of numbers, and waits, end

    ARGV[1] root      what every key of the site begins with
    ARGV[2] now       ms
    ARGV[3] most      entries to end at once
    ARGV[4] grace     ms after a lost claim in which the terminal may dial again

  Output:
    list: number of entries ended, list of {number, its hash as a flat list} handed to those who waited,
    list of requests as JSON whose wait has ended in vain

  Events: none
]]
--- @include "grant"
local now, done, lapsed = tonumber(A.now), 0, {}

-- What follows is reckoned from the time when it was due, not from now: after a pause of the server nothing takes longer.
local function endWait(entry)
  local pool, terminal = string.match(entry, '^wait:(%S+) (.*)$')
  lapsed[#lapsed + 1] = redis.call('HGET', keyOf('pool-requests', pool), terminal)
  leaveLine(pool, terminal)
end

local function endState(number, due)
  local record = readNumber(number)
  if record.state == 'leased' then
    rest(number, record, 'expire', due, 'EXPIRED')
  elseif record.state == 'used' then
    local grace = due + tonumber(A.grace)
    move(number, record, 'drop', grace, grace + tonumber(record.quarantine))
  elseif record.state == 'redial' then
    rest(number, record, 'expire', due, 'USED')
  elseif record.state == 'resting' then
    setFree(number, record, due)
  else
    redis.call('ZREM', K.due, number)
  end
end

while done < tonumber(A.most) do
  local entry, due = unpack(redis.call('ZRANGEBYSCORE', K.due, '-inf', now, 'WITHSCORES', 'LIMIT', 0, 1))
  if not entry then break end
  if string.sub(entry, 1, 5) == 'wait:' then endWait(entry) else endState(entry, tonumber(due)) end
  done = done + 1
end

local granted, pools = {}, redis.call('HGETALL', K.pools)
for i = 1, #pools, 2 do serveLine(pools[i], cjson.decode(pools[i + 1]), now, granted) end
local served = {}
for i, number in ipairs(granted) do served[i] = { number, redis.call('HGETALL', keyOf('number', number)) } end
return { done, served, lapsed }
