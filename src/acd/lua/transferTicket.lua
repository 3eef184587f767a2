--[[
  Puts a ticket that stands in a line into another queue, with its old time.

  Input:
    ARGV[1] ticketId
    ARGV[2] queueId
    ARGV[3] grace       ms
    ARGV[4] maxWait     ms, 0 for no limit
    ARGV[5] maxWaiting  -1 for no limit
    ARGV[6] regular     1 when the queue asks who served the customer before

  Output:
    1  it stands in the other queue, also when it did before
    -1 TICKET_GONE  there is no such ticket, or it has ended
    -3 QUEUE_FULL   it stays where it is
    -6 WRONG_STATE  it talks

  Events:
    withdrawn when a seat was rung; due for the longest wait
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not ticket or ticket.state == 'ended' then return CODE.TICKET_GONE end
if ticket.state == 'talking' then return CODE.WRONG_STATE end
if ticket.queue == A.queueId then return 1 end
if isFull(A.queueId, tonumber(A.maxWaiting)) then return CODE.QUEUE_FULL end

backToWaiting(ticket, 'overflowed')
quitLine(ticket)
count(ticket, 'overflowed')
queueOf(A.queueId)
saveTicket(ticket, 'queue', A.queueId, 'queuedAt', NOW_TEXT, 'grace', A.grace, 'tried', '',
  'limited', A.maxWait == '0' and '0' or '1', 'regular', A.regular, 'returns', '')
if A.regular == '1' and (ticket.customer or '') ~= '' then recallRegulars(ticket, true, 0) end
count(ticket, 'offered')
joinLine(ticket)
enterUnseen(0)
if A.maxWait ~= '0' then owes('wait', ticket, NOW + tonumber(A.maxWait)) end
remember(ticket, 'transferred', nil, A.queueId)
return 1
