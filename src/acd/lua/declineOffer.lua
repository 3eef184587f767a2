--[[
  The seat did not take the offer: it rests, and the ticket is back in its place.

  Input:
    KEYS[1] ticket
    ARGV[1] root
    ARGV[2] now      ms
    ARGV[3] node     the node that runs this
    ARGV[4] offerId
    ARGV[5] token
    ARGV[6] cause    no-answer, rejected, busy, unreachable or node-lost
    ARGV[7] delay    ms that the seat rests

  Output:
    1  the ticket waits again
    0  the offer was not alive any more

  Events:
    withdrawn to the node that owns the ticket; wake; due for the end of the rest
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
if not may(ticket, 'withdraw') or ticket.offerId ~= A.offerId or ticket.token ~= A.token then return done(0) end

dissolveOffer(ticket, A.cause, tonumber(A.delay), now)
moveTicket(ticket, 'withdraw')
return done(1)
