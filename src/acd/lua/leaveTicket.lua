--[[
  The caller is gone for good, or is not to wait any longer. A talk ends as if it were completed.

  Input:
    ARGV[1] ticketId
    ARGV[2] how       abandoned, overflowed or called-back
    ARGV[3] ifWaits   1: only a wait is ended, 0: a talk, too

  Output:
    the first live offer as JSON when a seat was rung for the ticket, else an empty string;
    a ticket that has ended stays as it is
    -1 TICKET_GONE  ifWaits, and there is no such ticket, or it has ended
    -6 WRONG_STATE  ifWaits, and it talks

  Events:
    withdrawn for each seat that was rung; ended; due of a freed seat
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if A.ifWaits == '1' then
  if not ticket or ticket.state == 'ended' then return CODE.TICKET_GONE end
  if ticket.state == 'talking' then return CODE.WRONG_STATE end
end
if not may(ticket, 'leave') then return '' end
if ticket.state == 'talking' then
  endTalk(ticket, 'leave', 'completed')
  return ''
end
local offer = dissolveOffers(ticket, 'caller-left')
endTicket(ticket, 'leave', A.how)
return offer
