--[[
  The talk is over: the seat wraps up, then it is free again.

  Input:
    ARGV[1] ticketId
    ARGV[2] broke    1 when the talk broke off through nobody's will: the customer is sent to the same seat if he calls again
    ARGV[3] keptFor  ms for which that is remembered

  Output:
    1  ended
    0  the ticket does not talk

  Events:
    ended to the node that owns the ticket; due of the freed seat
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not may(ticket, 'complete') then return 0 end
if A.broke == '1' and (ticket.customer or '') ~= '' and A.keptFor ~= '0' then
  local key = keyOf('regulars', ticket.customer)
  redis.call('HSET', key, 'broke', ticket.seatId, 'brokeAt', NOW_TEXT)
  -- Whatever is kept of a customer for longer stays.
  if ticket.regular ~= '1' then redis.call('PEXPIRE', key, A.keptFor) end
end
endTalk(ticket, 'complete', 'completed')
return 1
