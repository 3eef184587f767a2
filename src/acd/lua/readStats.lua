--[[
  Reads the counters of a queue at one moment, so that they balance. Changes nothing.

  Input:
    KEYS[1] queue
    KEYS[2] line
    KEYS[3] staff
    KEYS[4] idle

  Output:
    offered, answered, abandoned, overflowed, refused, calledBack, mean handling time in ms (each may be nil),
    waiting, staffed, idle

  Events:
    none
]]
local reply = redis.call('HMGET', K.queue, 'offered', 'answered', 'abandoned', 'overflowed', 'refused', 'calledBack',
  'handling')
reply[#reply + 1] = redis.call('ZCARD', K.line)
reply[#reply + 1] = redis.call('SCARD', K.staff)
reply[#reply + 1] = redis.call('ZCARD', K.idle)
return reply
