--[[
  Leases a free number of a pool to a terminal, or gives again the unused one that the same request got before. With no
  number free the request may wait in the pool's line.

  Input:
    KEYS[1] pools     pool -> range and times as JSON
    KEYS[2] cursors   pool -> first number that was never looked at
    KEYS[3] due       sorted set: when states of numbers, and waits, end

    ARGV[1] root      what every key of the site begins with
    ARGV[2] now       ms
    ARGV[3] pool
    ARGV[4] terminal
    ARGV[5] request   id of the help request
    ARGV[6] data      what else belongs to the lease, as JSON
    ARGV[7] most      unused leases that a terminal may have
    ARGV[8] wait      ms for which the request may wait; 0: it does not
    ARGV[9] longest   requests that the line of the pool takes

  Output:
    list: number, its hash as a flat list
    list: '' when none is free, ms until the first is expected back (-1: unknown), 1 when the request waits (else 0)
    -11  POOL_EXHAUSTED    the site has no such pool (any more)
    -14  TOO_MANY_LEASES

  Events: none
]]
--- @include "grant"
local now = tonumber(A.now)
local config = poolConfig(A.pool)
if not config then return CODE.POOL_EXHAUSTED end

local function answer(number)
  return { number, redis.call('HGETALL', keyOf('number', number)) }
end

local leases, count = redis.call('HGETALL', keyOf('leases-of', A.terminal)), 0
for i = 1, #leases, 2 do
  local record = readNumber(leases[i])
  if record.state == 'leased' and record.terminal == A.terminal and record.until_ > now then
    if leases[i + 1] == A.request then return answer(leases[i]) end
    count = count + 1
  else
    redis.call('HDEL', keyOf('leases-of', A.terminal), leases[i])
  end
end
if count >= tonumber(A.most) then return CODE.TOO_MANY_LEASES end

local number = takeNumber(A.pool, config)
if number then
  leaveLine(A.pool, A.terminal)
  grant(number, A.pool, config, now, A.terminal, A.request, A.data)
  return answer(number)
end

local first = redis.call('ZRANGE', keyOf('pool-out', A.pool), 0, 0, 'WITHSCORES')[2]
local back = first and math.max(0, tonumber(first) - now) or -1
local line = keyOf('pool-line', A.pool)
local inLine = redis.call('ZSCORE', line, A.terminal)
if A.wait == '0' or not (inLine or redis.call('ZCARD', line) < tonumber(A.longest)) then
  return { '', back, 0 }
end
-- Asking again keeps the place and begins the wait anew.
local last = redis.call('ZRANGE', line, -1, -1, 'WITHSCORES')[2]
redis.call('ZADD', line, 'NX', tonumber(last or '0') + 1, A.terminal)
redis.call('HSET', keyOf('pool-requests', A.pool), A.terminal,
  cjson.encode({ terminal = A.terminal, request = A.request, data = A.data, pool = A.pool }))
redis.call('ZADD', K.due, now + tonumber(A.wait), 'wait:' .. A.pool .. ' ' .. A.terminal)
return { '', back, 1 }
