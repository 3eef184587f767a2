--[[
  The caller is gone for good. A talk ends as if it were completed.

  Input:
    ARGV[1] ticketId
    ARGV[2] how       abandoned, overflowed or called-back

  Output:
    the first live offer as JSON when a seat was rung for the ticket, else an empty string;
    a ticket that has ended stays as it is

  Events:
    withdrawn for each seat that was rung; ended; due of a freed seat
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not may(ticket, 'leave') then return '' end
if ticket.state == 'talking' then
  endTalk(ticket, 'leave', 'completed')
  return ''
end
local offer = dissolveOffers(ticket, 'caller-left')
endTicket(ticket, 'leave', A.how)
return offer
