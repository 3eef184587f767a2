--[[
  The seat has answered: the ticket leaves the line and talks. Other seats that ring for it are taken back.

  Input:
    ARGV[1] ticketId
    ARGV[2] seatId
    ARGV[3] offerId
    ARGV[4] token
    ARGV[5] wrapUp   ms of after-call work when the talk is over, -1 until the agent says that it is done

  Output:
    1  talking
    0  it was accepted before: this is a repetition
    -2 OFFER_GONE  the offer was withdrawn or swept, or the token is not that of a live offer

  Events:
    withdrawn for the other seats that rang
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not ticket then return CODE.OFFER_GONE end
if ticket.state == 'talking' and ticket.offerId == A.offerId and ticket.token == A.token then return 0 end
local seat = loadSeat(A.seatId)
if not may(ticket, 'accept') or not seat or seat.offer ~= A.offerId or not mayMove(seat, 'accept') then
  return CODE.OFFER_GONE
end
local offer
local offers = offersOf(ticket)
for _, one in ipairs(offers) do if one.id == A.offerId then offer = one end end
if not offer or offer.token ~= A.token then return CODE.OFFER_GONE end

-- A lease that has ended but was not swept still belongs to its holder: nobody else has been promised the seat.
if #offers == 1 then
  saveTicket(ticket, 'offers', '')
else
  takeOffer(ticket, A.offerId)
  dissolveOffers(ticket, 'elsewhere')
end
moveTicket(ticket, 'accept')
moveSeat(seat, 'accept')
saveSeat(seat, 'until', '0')
forgetMisses(seat)
oweNothing('offer:' .. ticket.id .. ':' .. A.offerId)
quitLine(ticket)
forgetResume(ticket)
saveTicket(ticket, 'answeredAt', NOW_TEXT, 'offerId', A.offerId, 'token', A.token, 'seatId', seat.id,
  'expiresAt', offer.expiresAt, 'wrapUp', A.wrapUp)
count(ticket, ticket.callback == '1' and 'calledBack' or 'answered')
rememberRegular(ticket, seat.id)
remember(ticket, 'answered', seat.id)
return 1
