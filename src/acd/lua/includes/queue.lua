--- @include "effects"
-- A queue: its counters and what it has learnt.

local function queueOf(id)
  local key = keyOf('queue', id)
  local queue = load(key)
  if queue then return queue end
  queue = { id = id }
  known[key] = queue
  put(key, queue, 'id', id)
  redis.call('SADD', ROOT .. 'queues', id)
  return queue
end

local function saveQueue(queue, ...)
  put(keyOf('queue', queue.id), queue, ...)
  touch('q', queue)
end
