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
    0  lost: the ticket does not wait any more, the seat is not free or does not suit, or a better ticket waits that
       the seat suits

  Events:
    offer to the node that owns the ticket; due for the end of the lease; wake for the queue of the better ticket
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
local seat = load(K.seat)
if not may(ticket, 'offer') or not seat or not SEAT[seat.state].offer then return done(0) end
if not redis.call('ZSCORE', idleKey(ticket.queue, ''), seat.id) then return done(0) end
for skill in string.gmatch(ticket.skills, '[^,]+') do
  if not redis.call('ZSCORE', idleKey(ticket.queue, skill), seat.id) then return done(0) end
end

-- The seat takes the best ticket over all its queues, whatever the one who ranked has seen of them.
local skillsOfSeat = ',' .. seat.skills .. ','
local function suits(skills)
  for skill in string.gmatch(skills, '[^,]+') do
    if not string.find(skillsOfSeat, ',' .. skill .. ',', 1, true) then return false end
  end
  return true
end
for queue in string.gmatch(seat.queues, '[^,]+') do
  for _, skills in ipairs(redis.call('SMEMBERS', keyOf('lanes', queue))) do
    local head = suits(skills) and redis.call('ZRANGE', laneKey(queue, skills), 0, 0, 'WITHSCORES') or {}
    local better = tonumber(head[2]) and tonumber(head[2]) - tonumber(ticket.score) or 1
    if better < 0 or (better == 0 and head[1] < ticket.member) then
      note({ t = 'wake', q = queue })
      return done(0)
    end
  end
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
