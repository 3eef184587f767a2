--[[
  The caller is lost; the place is kept for the grace period.

  Input:
    KEYS[1] ticket
    ARGV[1] root
    ARGV[2] now    ms
    ARGV[3] node   the node that runs this

  Output:
    the live offer as JSON when a seat was rung for the ticket, else an empty string;
    a ticket that talks, is dropped already or has ended stays as it is

  Events:
    withdrawn when a seat was rung; due for the end of the grace
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
local offer = ''
if ticket and ticket.state == 'offered' then
  offer = dissolveOffer(ticket, 'caller-dropped', 0, now)
  -- Through `waiting` without a stop: the lane is joined and left within this script.
  moveTicket(ticket, 'withdraw')
end
if may(ticket, 'drop') then dropTicket(ticket, false, now) end
return done(offer)
