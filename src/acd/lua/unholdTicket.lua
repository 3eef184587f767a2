--[[
  The caller is back from elsewhere and may be offered again, in the old place.

  Input:
    KEYS[1] ticket
    ARGV[1] root
    ARGV[2] now    ms
    ARGV[3] node   the node that runs this

  Output:
    1  waiting
    0  the ticket was not on hold

  Events:
    wake when a seat of the queue is free
]]
--- @include "ticket"
local ticket = load(K.ticket)
if not may(ticket, 'unhold') then return done(0) end
moveTicket(ticket, 'unhold')
remember(ticket, 'waiting', tonumber(A.now))
return done(1)
