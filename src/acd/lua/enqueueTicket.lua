--[[
  Puts a new ticket into the line of its queue.

  Input:
    ARGV[1] ticketId
    ARGV[2] queueId
    ARGV[3] callId
    ARGV[4] terminal
    ARGV[5] resumeKey
    ARGV[6] customer    by whom a returning person is known, or an empty string
    ARGV[7] class       alarm, vip, normal or low
    ARGV[8] priority    seconds of head start
    ARGV[9] skills      expressions, sorted, joined by semicolons
    ARGV[10] medium     video, voice or text
    ARGV[11] designated seat that the ticket names, or an empty string
    ARGV[12] since      enqueue time, ms; earlier than now for a ticket that waited already
    ARGV[13] grace      ms
    ARGV[14] maxWait    ms, 0 for no limit
    ARGV[15] maxWaiting -1 for no limit
    ARGV[16] regular    1 when the queue asks who served the customer before
    ARGV[17] returnWithin  ms for which a customer whose talk broke off is sent to the same seat
    ARGV[18] foreseen   1 when matches of this batch that are foreseen know of it

  Output:
    1  the ticket waits
    0  it was there before: this is a repetition
    -3 QUEUE_FULL

  Events:
    none
]]
--- @include "ticket"
if loadTicket(A.ticketId) then return 0 end
queueOf(A.queueId)
countIn(A.queueId, 'offered', 1)
if isFull(A.queueId, tonumber(A.maxWaiting)) then
  countIn(A.queueId, 'overflowed', 1)
  countIn(A.queueId, 'refused', 1)
  return CODE.QUEUE_FULL
end

local ticket = newRecord('ticket', A.ticketId)
saveTicket(ticket, 'queue', A.queueId, 'callId', A.callId, 'terminal', A.terminal,
  'resumeKey', A.resumeKey, 'customer', A.customer, 'class', A.class, 'priority', A.priority, 'skills', A.skills,
  'medium', A.medium, 'designated', A.designated, 'node', NODE, 'state', 'waiting', 'enqueuedAt', A.since,
  'queuedAt', A.since, 'grace', A.grace, 'regular', A.regular, 'limited', A.maxWait == '0' and '0' or '1',
  'sequence', whole(redis.call('INCR', ROOT .. 'sequence')))
local entersAt = A.class == 'normal' and tonumber(A.priority) <= 0 and tonumber(A.since) or 0
if A.foreseen == '1' then enter(entersAt) else enterUnseen(entersAt) end
joinLine(ticket)
plainSet(keyOf('node-tickets', NODE), ticket.id, true)
rememberResume(ticket)
if A.maxWait ~= '0' then owes('wait', ticket, tonumber(A.since) + tonumber(A.maxWait)) end
if A.customer ~= '' and (A.regular == '1' or A.returnWithin ~= '0') then
  recallRegulars(ticket, A.regular == '1', tonumber(A.returnWithin))
end
remember(ticket, 'enqueued')
return 1
