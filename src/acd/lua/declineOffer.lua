--[[
  The seat did not take the offer: it rests, and the ticket is back in its place unless other seats still ring for it.

  Input:
    ARGV[1] ticketId
    ARGV[2] offerId
    ARGV[3] token
    ARGV[4] cause      no-answer, rejected, busy, unreachable, caller-left or node-lost
    ARGV[5] delay      ms that the seat rests
    ARGV[6] missBreak  misses of the kind in a row after which the seat goes on a break; 0 for never

  Output:
    1  taken back
    0  the offer was not alive any more

  Events:
    withdrawn to the node that owns the ticket; due for the end of the rest
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not may(ticket, 'withdraw') then return 0 end
local before = ticket.offers
local offer, left = takeOffer(ticket, A.offerId)
if not offer then return 0 end
if offer.token ~= A.token then
  saveTicket(ticket, 'offers', before)
  return 0
end
offer.missBreak = A.missBreak
endOffer(ticket, offer, A.cause, tonumber(A.delay))
if left == 0 then moveTicket(ticket, 'withdraw') end
return 1
