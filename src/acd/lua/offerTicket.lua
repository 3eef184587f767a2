--[[
  Claims a ticket for a free seat: the seat is to be rung under a lease. A ticket may have several offers at a time.

  Input:
    ARGV[1] ticketId
    ARGV[2] seatId
    ARGV[3] offerId
    ARGV[4] token      fencing token: only its holder may answer the offer
    ARGV[5] expiresAt  end of the lease, ms
    ARGV[6] missDelay  ms that the seat rests when the lease ends unanswered
    ARGV[7] missBreak  misses in a row after which the seat goes on a break; 0 for never
    ARGV[8] more       1 when the ticket may have offers already
    ARGV[9] seen       up to which revision the one who ranked knows all changes
    ARGV[10] why       the decision, as a line of the history
    ARGV[11] takes     1 when the seat is taken from whoever has it, for an alarm

  Output:
    1  claimed
    0  lost: the ticket does not wait any more, the seat is not free, or tickets have come in that the one who ranked did
       not know of
    the node that owns the ticket, as a text, when it does not listen to its channel: the seat would be rung by nobody.
       Nothing is changed

  Events:
    offer to the node that owns the ticket; due for the end of the lease; for an alarm withdrawn or preempted to the node
    that owns the ticket whose seat was taken
]]
--- @include "ticket"
--- @include "preempt"
local ticket = loadTicket(A.ticketId)
local seat = loadSeat(A.seatId)
local isOpen = ticket and seat and may(ticket, 'offer') and not isStale(ticket, A.seen)
  and (ticket.state ~= 'offered' or A.more == '1')
if isOpen and isDeaf(ticket.node) then return ticket.node end
-- Who lost did not know how things stand.
if ticket then touch('t', ticket) end
if seat then touch('s', seat) end
if not isOpen then return 0 end
if A.takes == '1' then takeSeat(seat) end
if seat.ticket ~= '' or not mayMove(seat, 'offer') then return 0 end

local offer = { id = A.offerId, token = A.token, seatId = seat.id, expiresAt = A.expiresAt, missDelay = A.missDelay,
  missBreak = A.missBreak }
offer.text = table.concat({ A.offerId, A.token, seat.id, A.expiresAt, A.missDelay, A.missBreak, NOW_TEXT }, ',')
moveTicket(ticket, 'offer')
local offers = ticket.offers or ''
saveTicket(ticket, 'offers', offers == '' and offer.text or offers .. ';' .. offer.text)
moveSeat(seat, 'offer')
saveSeat(seat, 'ticket', ticket.id, 'offer', A.offerId, 'until', A.expiresAt, 'rest', '', 'lastOffered', NOW_TEXT)
saveQueue(queueOf(ticket.queue), 'lastSeat', seat.id)
owe('offer:' .. ticket.id .. ':' .. A.offerId, A.expiresAt)
addLine(ticket, A.why)
tell(ticket.node, { t = 'offer', offer = offerView(ticket, offer) })
return 1
