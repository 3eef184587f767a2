--[[
  The caller looks elsewhere for a while (at the menu): the place is kept, no seat is rung.

  Input:
    KEYS[1] ticket
    ARGV[1] root
    ARGV[2] now    ms
    ARGV[3] node   the node that runs this

  Output:
    1  on hold, also when it was before
    0  the ticket cannot be put on hold: it talks, is dropped or has ended

  Events:
    withdrawn when a seat was rung
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
if not ticket then return done(0) end
if ticket.state == 'held' then return done(1) end
if ticket.state == 'offered' then
  dissolveOffer(ticket, 'caller-left', 0, now)
  moveTicket(ticket, 'withdraw')
end
if not may(ticket, 'hold') then return done(0) end
moveTicket(ticket, 'hold')
remember(ticket, 'held', now)
return done(1)
