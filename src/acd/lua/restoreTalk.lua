--[[
  A node finds after a break of the store that a talk of its own is not known there as one: Redis lost its last moments,
  or others gave the node up. The talk goes on in truth, so it is put back, unless its seat has been promised elsewhere.

  Input:
    ARGV[1] ticketId
    ARGV[2] seatId
    ARGV[3] offerId
    ARGV[4] token
    ARGV[5] answeredAt  ms
    ARGV[6] wrapUp      ms, -1 until it is done

  Output:
    1  talking
    0  the ticket belongs to another node now, or the seat to another ticket

  Events:
    withdrawn for seats that ring for the ticket
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
local seat = seatOrNew(A.seatId)
if ticket and ticket.state == 'talking' and ticket.token == A.token then return 1 end
if seat.ticket ~= '' and ticket and seat.ticket ~= ticket.id then return 0 end
if not ticket or ticket.node ~= NODE then return 0 end
backToWaiting(ticket, 'node-lost')
if not may(ticket, 'restore') or not mayMove(seat, 'restore') then return 0 end

if ticket.state == 'ended' then
  -- It had been answered, and was ended as lost when the node was given up.
  plainSet(keyOf('node-tickets', NODE), ticket.id, true)
else
  quitLine(ticket)
  owesNothing('grace', ticket)
  forgetResume(ticket)
  count(ticket, 'answered')
end
moveTicket(ticket, 'restore')
saveTicket(ticket, 'offerId', A.offerId, 'token', A.token, 'seatId', A.seatId, 'answeredAt', A.answeredAt,
  'wrapUp', A.wrapUp)
moveSeat(seat, 'restore')
saveSeat(seat, 'ticket', ticket.id, 'offer', A.offerId, 'until', '0', 'rest', '', 'timed', '0')
oweNothing('seat:' .. seat.id)
remember(ticket, 'restored', A.seatId)
return 1
