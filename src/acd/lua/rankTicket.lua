--[[
  Gives a ticket that stands in a line another class or head start.

  Input:
    ARGV[1] ticketId
    ARGV[2] class
    ARGV[3] priority  seconds of head start

  Output:
    1  done
    -1 TICKET_GONE  there is no such ticket, or it has ended
    -6 WRONG_STATE  it talks

  Events:
    none
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not ticket or ticket.state == 'ended' then return CODE.TICKET_GONE end
if ticket.state == 'talking' then return CODE.WRONG_STATE end
saveTicket(ticket, 'class', A.class, 'priority', A.priority)
enterUnseen(0)
remember(ticket, 'ranked', nil, A.class .. ' ' .. A.priority)
return 1
