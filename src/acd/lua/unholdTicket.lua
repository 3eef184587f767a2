--[[
  The caller is back from elsewhere and may be offered again, in the old place.

  Input:
    ARGV[1] ticketId

  Output:
    1  waiting
    0  the ticket was not on hold

  Events:
    none
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not may(ticket, 'unhold') then return 0 end
moveTicket(ticket, 'unhold')
remember(ticket, 'waiting')
return 1
