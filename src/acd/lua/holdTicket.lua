--[[
  The caller looks elsewhere for a while (at the menu): the place is kept, no seat is rung.

  Input:
    ARGV[1] ticketId

  Output:
    1  on hold, also when it was before
    0  the ticket cannot be put on hold: it talks, is dropped or has ended

  Events:
    withdrawn when a seat was rung
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not ticket then return 0 end
if ticket.state == 'held' then
  -- Now until he is back, not until a postponement is over.
  forgetPostponement(ticket)
  return 1
end
backToWaiting(ticket, 'caller-left')
if not may(ticket, 'hold') then return 0 end
moveTicket(ticket, 'hold')
remember(ticket, 'held')
return 1
