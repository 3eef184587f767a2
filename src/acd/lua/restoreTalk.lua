--[[
  A node finds after a break of the store that a talk of its own is not known there as one: Redis lost its last moments,
  or others gave the node up. The talk goes on in truth, so it is put back, unless its seat has been promised elsewhere.

  Input:
    KEYS[1] ticket
    KEYS[2] seat
    ARGV[1] root
    ARGV[2] now         ms
    ARGV[3] node        the node that runs this and holds the talk
    ARGV[4] seatId
    ARGV[5] offerId
    ARGV[6] token
    ARGV[7] answeredAt  ms
    ARGV[8] wrapUp      ms

  Output:
    1  talking
    0  the ticket belongs to another node now, or the seat to another ticket

  Events:
    moved when the ticket stood in the line
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
local seat = seatOrNew(K.seat, A.seatId, A.now)
if ticket and ticket.state == 'talking' and ticket.token == A.token then return done(1) end
if seat.ticket ~= '' and ticket and seat.ticket ~= ticket.id then return done(0) end
if not ticket or ticket.node ~= A.node then return done(0) end
if ticket.state == 'offered' then
  dissolveOffer(ticket, 'node-lost', 0, now)
  moveTicket(ticket, 'withdraw')
  seat = load(K.seat)
end
if not may(ticket, 'restore') or not SEAT[seat.state].restore then return done(0) end

if ticket.state == 'ended' then
  -- It had been answered, and was ended as lost when the node was given up.
  redis.call('PERSIST', K.ticket)
  redis.call('SADD', keyOf('node-tickets', A.node), ticket.id)
else
  quitLine(ticket)
  owesNothing('grace', ticket)
  forgetResume(ticket)
  redis.call('HINCRBY', keyOf('queue', ticket.queue), 'answered', 1)
end
moveTicket(ticket, 'restore')
saveTicket(ticket, 'offerId', A.offerId, 'token', A.token, 'seatId', A.seatId, 'expiresAt', '0',
  'answeredAt', A.answeredAt, 'wrapUp', A.wrapUp)
moveSeat(seat, 'restore', now)
saveSeat(seat, 'ticket', ticket.id, 'until', '0', 'rest', '')
redis.call('ZREM', A.root .. 'due', 'seat:' .. seat.id)
remember(ticket, 'restored', now, A.seatId)
return done(1)
