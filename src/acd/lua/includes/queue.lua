--- @include "effects"
-- A queue: its counters and what is known of it.

local function loadQueue(id)
  local key = keyOf('queue', id)
  if known[key] == nil then
    local flat = redis.call('HGETALL', key)
    local queue = #flat > 0 and {}
    for i = 1, #flat, 2 do queue[flat[i]] = flat[i + 1] end
    known[key] = queue
  end
  return known[key] or nil
end

-- Only what was changed is written: counters of the same hash are counted on.
local function saveQueue(queue, ...)
  for i = 1, select('#', ...), 2 do
    local name, value = select(i, ...)
    queue[name] = value
    hashField(keyOf('queue', queue.id), name, value)
  end
  touch('q', queue)
end

local function queueOf(id)
  local queue = loadQueue(id)
  if queue then return queue end
  queue = { id = id }
  known[keyOf('queue', id)] = queue
  saveQueue(queue, 'id', id)
  redis.call('SADD', ROOT .. 'queues', id)
  return queue
end

local counted

BEGIN[#BEGIN + 1] = function() counted = {} end

local function countIn(queueId, counter, by)
  local key = keyOf('queue', queueId)
  local counters = counted[key]
  if not counters then
    counters = {}
    counted[key] = counters
  end
  counters[counter] = (counters[counter] or 0) + by
end

local function writeCounters()
  for key, counters in pairs(counted) do
    for counter, by in pairs(counters) do
      if by ~= 0 then redis.call('HINCRBY', key, counter, by) end
    end
  end
  counted = {}
end
