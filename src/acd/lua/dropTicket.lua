--[[
  The caller is lost; the place is kept for the grace period.

  Input:
    ARGV[1] ticketId

  Output:
    the first live offer as JSON when a seat was rung for the ticket, else an empty string;
    a ticket that talks, is dropped already or has ended stays as it is

  Events:
    withdrawn for each seat that was rung; due for the end of the grace
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not ticket then return '' end
local offer = backToWaiting(ticket, 'caller-dropped')
if may(ticket, 'drop') and ticket.callback ~= '1' then dropTicket(ticket, false) end
return offer
