--[[
  Reads the places in a queue and what an estimate of the wait is made from. Changes nothing.

  Input:
    KEYS[1] line
    KEYS[2] staff
    KEYS[3] queue

  Output:
    the members of the line in order; how many seats work for the queue; mean handling time in ms or nil;
    learnt patience: ms waited or nil, tickets that gave up or nil

  Events:
    none
]]
local learnt = redis.call('HMGET', K.queue, 'handling', 'patienceWait', 'patienceLeft')
return { redis.call('ZRANGE', K.line, 0, -1), redis.call('SCARD', K.staff), learnt[1], learnt[2], learnt[3] }
