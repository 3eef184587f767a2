-- Taking numbers out of a pool, and handing them to terminals.
--- @include "number"

-- A number of the pool that nobody has: first those that were never in use, then the one that is free for longest.
local function takeNumber(pool, config)
  local free = keyOf('pool-free', pool)
  local cursor = tonumber(redis.call('HGET', K.cursors, pool) or config.from)
  while cursor <= config.to do
    local number = string.format('%.0f', cursor)
    cursor = cursor + 1
    local state, owner = unpack(redis.call('HMGET', keyOf('number', number), 'state', 'pool'))
    -- A free number that is not in our set was left behind by another pool, or by an earlier range of this one.
    if not state or (state == 'free' and not redis.call('ZSCORE', free, number)) then
      if owner then redis.call('ZREM', keyOf('pool-free', owner), number) end
      redis.call('HSET', K.cursors, pool, string.format('%.0f', cursor))
      return number
    end
  end
  redis.call('HSET', K.cursors, pool, string.format('%.0f', cursor))
  while true do
    local number = redis.call('ZPOPMIN', free)[1]
    if not number then return nil end
    local value = tonumber(number)
    if value >= config.from and value <= config.to then return number end
  end
end

-- Leases a free number to a terminal until `now` plus the pool's lease.
local function grant(number, pool, config, now, terminal, request, data)
  local key, due = keyOf('number', number), now + config.lease
  redis.call('DEL', key)
  redis.call('HSET', key, 'pool', pool, 'terminal', terminal, 'request', request, 'data', data,
    'leasedAt', now, 'quarantine', config.quarantine)
  move(number, { state = 'free', pool = pool }, 'lease', due, due + config.quarantine)
  local leases = keyOf('leases-of', terminal)
  redis.call('HSET', leases, number, request)
  redis.call('PEXPIRE', leases, math.max(config.lease, redis.call('PTTL', leases)))
end

local function leaveLine(pool, terminal)
  redis.call('ZREM', keyOf('pool-line', pool), terminal)
  redis.call('HDEL', keyOf('pool-requests', pool), terminal)
  redis.call('ZREM', K.due, 'wait:' .. pool .. ' ' .. terminal)
end

-- Hands free numbers of the pool to those who wait, first come first served; adds each number to `granted`.
local function serveLine(pool, config, now, granted)
  local line = keyOf('pool-line', pool)
  local terminal = redis.call('ZRANGE', line, 0, 0)[1]
  while terminal do
    local number = takeNumber(pool, config)
    if not number then return end
    local waiting = cjson.decode(redis.call('HGET', keyOf('pool-requests', pool), terminal))
    grant(number, pool, config, now, terminal, waiting.request, waiting.data)
    leaveLine(pool, terminal)
    granted[#granted + 1] = number
    terminal = redis.call('ZRANGE', line, 0, 0)[1]
  end
end
