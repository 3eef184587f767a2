-- One routing number: a hash. Every change of its state goes through `move`, which keeps the sorted sets in step:
-- K.due (when its state ends) and pool-out (when it is expected back).
--- @include "keys"

local function readNumber(number)
  local flat, record = redis.call('HGETALL', keyOf('number', number)), {}
  for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
  record.state = record.state or 'free'
  record.until_ = tonumber(record['until'] or '0')
  return record
end

local function poolConfig(pool)
  local text = redis.call('HGET', K.pools, pool)
  return text and cjson.decode(text)
end

-- The pool that the number belongs to now; edits of the dialplan move numbers from pool to pool, or out of all.
local function poolOf(number)
  local value, flat = tonumber(number), redis.call('HGETALL', K.pools)
  for i = 1, #flat, 2 do
    local config = cjson.decode(flat[i + 1])
    if value >= config.from and value <= config.to then return flat[i] end
  end
end

-- Moves a number along an arrow into a state that ends at `due`, and back into its pool at `back` (nil: unknown).
local function move(number, record, input, due, back)
  local state = ARROWS[record.state][input]
  if not state then error('no arrow ' .. input .. ' from ' .. record.state .. ' of number ' .. number) end
  record.state, record.until_ = state, due
  redis.call('HSET', keyOf('number', number), 'state', state, 'until', due)
  redis.call('ZADD', K.due, due, number)
  if back then
    redis.call('ZADD', keyOf('pool-out', record.pool), back, number)
  else
    redis.call('ZREM', keyOf('pool-out', record.pool), number)
  end
end

-- Takes a number out of use from `since` on: used up or never dialled, as `how` says ('USED' or 'EXPIRED').
local function rest(number, record, input, since, how)
  local back = since + tonumber(record.quarantine)
  redis.call('HSET', keyOf('number', number), 'ended', how)
  redis.call('HDEL', keyOf('number', number), 'token', 'data')
  redis.call('HDEL', keyOf('leases-of', record.terminal), number)
  move(number, record, input, back, back)
end

-- Gives a number back to the pool that has it now. Its last terminal is kept, so that a late call is told what is wrong.
local function setFree(number, record, since)
  redis.call('HSET', keyOf('number', number), 'state', ARROWS[record.state].free)
  redis.call('ZREM', K.due, number)
  redis.call('ZREM', keyOf('pool-out', record.pool), number)
  local pool = poolOf(number)
  if pool then
    redis.call('HSET', keyOf('number', number), 'pool', pool)
    redis.call('ZADD', keyOf('pool-free', pool), since, number)
  end
end
