--[[
  Puts a new ticket into the line of its queue.

  Input:
    KEYS[1] ticket       the ticket's hash
    KEYS[2] queue        counters of the queue
    KEYS[3] line         everybody in the queue
    ARGV[1] root         what every key of the site begins with
    ARGV[2] now          ms
    ARGV[3] node         the node that runs this and will own the ticket
    ARGV[4] ticketId
    ARGV[5] queueId
    ARGV[6] callId
    ARGV[7] terminal
    ARGV[8] resumeKey
    ARGV[9] priority     -1000 to 1000
    ARGV[10] skills      sorted, joined by commas
    ARGV[11] since       enqueue time, ms; earlier than now for a ticket that waited already
    ARGV[12] grace       ms
    ARGV[13] maxWait     ms, 0 for no limit
    ARGV[14] maxWaiting  -1 for no limit

  Output:
    1  the ticket waits
    0  it was there before: this is a repetition
    -3 QUEUE_FULL

  Events:
    wake when a seat of the queue is free; moved; due for the longest wait
]]
--- @include "ticket"
local now = tonumber(A.now)
if redis.call('EXISTS', K.ticket) == 1 then return done(0) end

redis.call('SADD', A.root .. 'queues', A.queueId)
redis.call('HINCRBY', K.queue, 'offered', 1)
local limit = tonumber(A.maxWaiting)
if limit >= 0 and redis.call('ZCARD', K.line) >= limit then
  redis.call('HINCRBY', K.queue, 'overflowed', 1)
  redis.call('HINCRBY', K.queue, 'refused', 1)
  return CODE.QUEUE_FULL
end

-- Higher priority first, then the enqueue time to the millisecond: 2^42 ms reach to the year 2109. Equal scores are
-- ordered by member, which begins with the sequence number.
local sequence = redis.call('INCR', A.root .. 'sequence')
local ticket = {
  id = A.ticketId,
  queue = A.queueId,
  callId = A.callId,
  terminal = A.terminal,
  resumeKey = A.resumeKey,
  priority = A.priority,
  skills = A.skills,
  node = A.node,
  state = 'waiting',
  enqueuedAt = A.since,
  grace = A.grace,
  member = string.format('%014.0f:', sequence) .. A.ticketId,
  score = string.format('%.0f', (1000 - tonumber(A.priority)) * 4398046511104 + tonumber(A.since)),
}
local fields = {}
for name, value in pairs(ticket) do
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end
saveTicket(ticket, unpack(fields))
redis.call('ZADD', K.line, ticket.score, ticket.member)
redis.call('SADD', keyOf('node-tickets', A.node), ticket.id)
redis.call('HSET', A.root .. 'resumes', ticket.terminal .. '|' .. ticket.resumeKey, ticket.id)
joinLane(ticket)
if tonumber(A.maxWait) > 0 then owes('wait', ticket, tonumber(A.since) + tonumber(A.maxWait)) end
remember(ticket, 'enqueued', now)
wakeQueue(ticket.queue)
note({ t = 'moved', q = ticket.queue })
return done(1)
