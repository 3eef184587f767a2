--- @include "keys"
--- @include "effects"
--- @include "seat"
-- A ticket: its state, its place in the line, and its lane while it may be offered.

local ENDED_KEPT = 60000
local HISTORY_KEPT = 3600000
local HISTORY_LENGTH = 64

local function loadTicket(id)
  return load(keyOf('ticket', id))
end

local function saveTicket(ticket, ...)
  redis.call('HSET', keyOf('ticket', ticket.id), ...)
end

local function remember(ticket, what, now, seatId, detail)
  local key = keyOf('history', ticket.id)
  redis.call('RPUSH', key, cjson.encode({ at = now, what = what, seatId = seatId, detail = detail }))
  redis.call('LTRIM', key, -HISTORY_LENGTH, -1)
end

-- Those who wait and may be offered stand in the lane of the skills that they need, so that the head of each lane is
-- all that dispatch has to look at.
local function joinLane(ticket)
  redis.call('ZADD', laneKey(ticket.queue, ticket.skills), ticket.score, ticket.member)
  redis.call('SADD', keyOf('lanes', ticket.queue), ticket.skills)
end

local function quitLane(ticket)
  local lane = laneKey(ticket.queue, ticket.skills)
  redis.call('ZREM', lane, ticket.member)
  if redis.call('EXISTS', lane) == 0 then redis.call('SREM', keyOf('lanes', ticket.queue), ticket.skills) end
end

local function wakeQueue(queue)
  if redis.call('EXISTS', idleKey(queue, '')) == 1 then note({ t = 'wake', q = queue }) end
end

-- The one place that changes a ticket's state.
local function moveTicket(ticket, input)
  local from = ticket.state
  local to = TICKET[from][input]
  if not to then error("no arrow '" .. input .. "' from ticket state '" .. from .. "'") end
  if from ~= to then
    if from == 'waiting' then quitLane(ticket) end
    if to == 'waiting' then joinLane(ticket) end
  end
  if to == 'waiting' then wakeQueue(ticket.queue) end
  ticket.state = to
  saveTicket(ticket, 'state', to)
end

local function may(ticket, input)
  return ticket and TICKET[ticket.state][input] ~= nil
end

local function owes(kind, ticket, at)
  redis.call('ZADD', A.root .. 'due', at, kind .. ':' .. ticket.id)
  note({ t = 'due', at = tonumber(at) })
end

local function owesNothing(kind, ticket)
  redis.call('ZREM', A.root .. 'due', kind .. ':' .. ticket.id)
end

local function offerOf(ticket)
  return {
    offerId = ticket.offerId,
    token = ticket.token,
    ticketId = ticket.id,
    callId = ticket.callId,
    seatId = ticket.seatId,
    queue = ticket.queue,
    expiresAt = tonumber(ticket.expiresAt),
  }
end

-- Causes for which the seat is not to blame: it keeps the time since when it is idle. One that misses an offer goes to
-- the end, so that an agent who is away is not rung for everybody.
local keepsTurn = { ['caller-left'] = true, ['caller-dropped'] = true, resumed = true, ['node-lost'] = true }

-- Frees the seat that is rung for this ticket and tells the owner. The ticket's own state is left to the caller.
local function dissolveOffer(ticket, cause, delay, now)
  owesNothing('offer', ticket)
  freeSeat(ticket.seatId, ticket.id, 'rest', delay, keepsTurn[cause] or false, now)
  remember(ticket, 'withdrawn', now, ticket.seatId, cause)
  local offer = offerOf(ticket)
  tell(ticket.node, { t = 'withdrawn', offer = offer, cause = cause })
  redis.call('HDEL', keyOf('ticket', ticket.id), 'offerId', 'token', 'seatId', 'expiresAt')
  ticket.offerId, ticket.token, ticket.seatId, ticket.expiresAt = nil, nil, nil, nil
  return cjson.encode(offer)
end

-- Patience is learnt from everybody who leaves the line: how long they stood there, and how many of them gave up.
local function learnPatience(ticket, gaveUp, now)
  local key = keyOf('queue', ticket.queue)
  local known = redis.call('HMGET', key, 'patienceWait', 'patienceLeft')
  local waited = math.max(0, now - tonumber(ticket.enqueuedAt))
  redis.call('HSET', key,
    'patienceWait', (tonumber(known[1]) or 0) * 0.99 + waited,
    'patienceLeft', (tonumber(known[2]) or 0) * 0.99 + (gaveUp and 1 or 0))
end

local function quitLine(ticket)
  redis.call('ZREM', keyOf('line', ticket.queue), ticket.member)
  owesNothing('wait', ticket)
  note({ t = 'moved', q = ticket.queue })
end

local function forgetResume(ticket)
  local field = ticket.terminal .. '|' .. ticket.resumeKey
  if redis.call('HGET', A.root .. 'resumes', field) == ticket.id then
    redis.call('HDEL', A.root .. 'resumes', field)
  end
end

-- A ticket that was dropped because its node died is an orphan of that node's name until somebody takes it, or it ends.
local function forgetOrphan(ticket)
  if ticket.nodeLost ~= '1' then return end
  redis.call('SREM', keyOf('orphans', string.match(ticket.node, '^(.*)~')), ticket.id)
  ticket.nodeLost = '0'
  saveTicket(ticket, 'nodeLost', '0')
end

local counterOf = { abandoned = 'abandoned', overflowed = 'overflowed', ['called-back'] = 'calledBack' }

local function endTicket(ticket, input, how, now)
  local talked = ticket.state == 'talking'
  moveTicket(ticket, input)
  if not talked then
    quitLine(ticket)
    owesNothing('grace', ticket)
    redis.call('HINCRBY', keyOf('queue', ticket.queue), counterOf[how], 1)
    learnPatience(ticket, how == 'abandoned', now)
  end
  forgetResume(ticket)
  forgetOrphan(ticket)
  redis.call('SREM', keyOf('node-tickets', ticket.node), ticket.id)
  saveTicket(ticket, 'how', how, 'endedAt', now)
  remember(ticket, 'ended', now, ticket.seatId, how)
  redis.call('PEXPIRE', keyOf('ticket', ticket.id), ENDED_KEPT)
  redis.call('PEXPIRE', keyOf('history', ticket.id), HISTORY_KEPT)
  tell(ticket.node, { t = 'ended', id = ticket.id, how = how })
end

-- The mean of talk and wrap-up of late: at first a plain mean that begins with a guess, later the newest tenth counts.
local function learnHandling(ticket, now)
  local key = keyOf('queue', ticket.queue)
  local known = redis.call('HMGET', key, 'handling', 'handled')
  local count = (tonumber(known[2]) or 0) + 1
  local mean = tonumber(known[1]) or tonumber(A.handlingGuess)
  local took = math.max(0, now - tonumber(ticket.answeredAt)) + tonumber(ticket.wrapUp)
  redis.call('HSET', key, 'handling', mean + (took - mean) * math.max(0.1, 1 / (count + 1)), 'handled', count)
end

-- Ends a talk: its seat wraps up.
local function endTalk(ticket, input, how, now)
  learnHandling(ticket, now)
  freeSeat(ticket.seatId, ticket.id, 'wrap', tonumber(ticket.wrapUp), false, now)
  endTicket(ticket, input, how, now)
end

-- `nodeLost`: it is the node that died, not the caller; adoption brings such a ticket back by itself.
local function dropTicket(ticket, nodeLost, now)
  moveTicket(ticket, 'drop')
  saveTicket(ticket, 'nodeLost', nodeLost and '1' or '0')
  owes('grace', ticket, now + tonumber(ticket.grace))
  remember(ticket, 'dropped', now, nil, nodeLost and 'node-lost' or nil)
end

-- Changes who owns a ticket: another node, or another call of the same terminal.
local function handOver(ticket, node, callId)
  redis.call('SREM', keyOf('node-tickets', ticket.node), ticket.id)
  redis.call('SADD', keyOf('node-tickets', node), ticket.id)
  forgetOrphan(ticket)
  ticket.node = node
  ticket.callId = callId
  saveTicket(ticket, 'node', node, 'callId', callId)
end
