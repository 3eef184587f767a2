--[[
  The seat has answered: the ticket leaves the line and talks.

  Input:
    KEYS[1] ticket
    KEYS[2] seat
    ARGV[1] root
    ARGV[2] now      ms
    ARGV[3] node     the node that runs this
    ARGV[4] offerId
    ARGV[5] token

  Output:
    1  talking
    0  it was accepted before: this is a repetition
    -2 OFFER_GONE  the offer was withdrawn or swept, or the token is not that of the live offer

  Events:
    moved
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
if not ticket or ticket.offerId ~= A.offerId or ticket.token ~= A.token then return CODE.OFFER_GONE end
if ticket.state == 'talking' then return done(0) end
local seat = load(K.seat)
if not may(ticket, 'accept') or not seat or seat.ticket ~= ticket.id or not SEAT[seat.state].accept then
  return CODE.OFFER_GONE
end

-- A lease that has ended but was not swept still belongs to its holder: nobody else has been promised the seat.
moveTicket(ticket, 'accept')
moveSeat(seat, 'accept', now)
saveSeat(seat, 'until', '0')
owesNothing('offer', ticket)
quitLine(ticket)
learnPatience(ticket, false, now)
forgetResume(ticket)
saveTicket(ticket, 'answeredAt', now)
redis.call('HINCRBY', keyOf('queue', ticket.queue), 'answered', 1)
remember(ticket, 'answered', now, seat.id)
return done(1)
