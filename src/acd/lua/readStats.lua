--[[
  Reads the counters of a queue at one moment, so that they balance. Changes nothing.

  Input:
    ARGV[1] queueId

  Output:
    offered, answered, abandoned, overflowed, refused, calledBack (each may be nil), waiting

  Events:
    none
]]
--- @include "ticket"
writeCounters()
flush(keyOf('queue', A.queueId))
flush(keyOf('line', A.queueId))
local reply = redis.call('HMGET', keyOf('queue', A.queueId), 'offered', 'answered', 'abandoned', 'overflowed', 'refused',
  'calledBack')
reply[#reply + 1] = redis.call('ZCARD', keyOf('line', A.queueId))
return reply
