--[[
  Claims a waiting ticket for a free seat: the seat is to be rung under a lease.

  Input:
    KEYS[1] ticket
    KEYS[2] seat
    ARGV[1] root
    ARGV[2] now        ms
    ARGV[3] node       the node that runs this
    ARGV[4] offerId
    ARGV[5] token      fencing token: only its holder may answer the offer
    ARGV[6] expiresAt  end of the lease, ms
    ARGV[7] missDelay  ms that the seat rests when the lease ends unanswered
    ARGV[8] wrapUp     ms of after-call work if it comes to a talk

  Output:
    1  claimed
    0  lost: the ticket is not the first of its lane any more, or the seat is not free, lacks a skill or the queue

  Events:
    offer to the node that owns the ticket; due for the end of the lease
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
local seat = load(K.seat)
if not may(ticket, 'offer') or not seat or not SEAT[seat.state].offer then return done(0) end
if redis.call('ZRANGE', laneKey(ticket.queue, ticket.skills), 0, 0)[1] ~= ticket.member then return done(0) end

if not redis.call('ZSCORE', idleKey(ticket.queue, ''), seat.id) then return done(0) end
for skill in string.gmatch(ticket.skills, '[^,]+') do
  if not redis.call('ZSCORE', idleKey(ticket.queue, skill), seat.id) then return done(0) end
end

moveTicket(ticket, 'offer')
ticket.offerId, ticket.token, ticket.seatId, ticket.expiresAt = A.offerId, A.token, seat.id, A.expiresAt
saveTicket(ticket, 'offerId', A.offerId, 'token', A.token, 'seatId', seat.id, 'expiresAt', A.expiresAt,
  'missDelay', A.missDelay, 'wrapUp', A.wrapUp)
moveSeat(seat, 'offer', now)
saveSeat(seat, 'ticket', ticket.id, 'until', A.expiresAt, 'rest', '')
owes('offer', ticket, A.expiresAt)
remember(ticket, 'offered', now, seat.id)
tell(ticket.node, { t = 'offer', offer = offerOf(ticket) })
return done(1)
